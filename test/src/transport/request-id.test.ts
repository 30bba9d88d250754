import { test } from 'tap'
import { requestId } from '../../../src/transport/request-id.ts'

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

const kept = ['12345678', 'a'.repeat(64), 'AZaz09._-', '0198a3c2-7f00-7000-8000-000000000000']

const replaced: [string, string | string[] | undefined][] = [
  ['is missing', undefined],
  ['is empty', ''],
  ['is too short', '1234567'],
  ['is too long', 'a'.repeat(65)],
  ['could end a line of the log', '12345678\n'],
  ['holds another character', '1234 5678'],
  ['came more than once', ['12345678', '87654321']]
]

test('a request keeps the harmless id that it came with', (t) => {
  for (const id of kept) t.equal(requestId(id), id)
  t.end()
})

test('a request is given a new id where its own', async (t) => {
  for (const [what, incoming] of replaced) {
    await t.test(what, async (t) => {
      const id = requestId(incoming)
      t.match(id, UUID)
      t.not(requestId(incoming), id)
    })
  }
})
