import type { ServerResponse } from 'node:http'
import { test } from 'tap'
import { adviceOn, load, ServiceError, Unexpected } from '../../src/measure/load.ts'
import { serve } from '../services.ts'

test('so many bodies, none of them twice', async (t) => {
  const bodies: string[] = []
  const url = await serve(t, async (request, response) => {
    const body = Buffer.concat(await request.toArray())
    bodies.push(`${request.method} ${request.url} ${request.headers['content-type']} ${body}`)
    response.writeHead(201).end('{}')
  })
  let serial = 0
  const counts: number[] = []
  const { ends, times } = await load({
    url: new URL('/login', url),
    method: 'POST',
    body: () => JSON.stringify({ serial: serial++ }),
    expected: 201,
    connections: 3,
    until: { amount: 12 },
    answered: (count) => counts.push(count)
  })
  t.strictSame([ends.length, times.length, new Set(bodies).size], [12, 12, 12])
  t.strictSame(
    counts,
    ends.map((_, index) => index + 1)
  )
  t.match(bodies[0], /^POST \/login application\/json {"serial":\d+}$/)
})

test('for so many seconds, with headers', async (t) => {
  const seen = new Set<string>()
  const url = await serve(t, ({ method, url, headers }, response) => {
    seen.add(`${method} ${url} ${headers.authorization} ${headers['content-type']}`)
    response.end()
  })
  const headers = { authorization: 'Bearer good' }
  const { ends } = await load({ url, method: 'GET', headers, expected: 200, connections: 1, until: { seconds: 0.05 } })
  t.not(ends.length, 0)
  t.strictSame([...seen], ['GET / Bearer good undefined'])
})

test('one unexpected answer among many is found', async (t) => {
  let count = 0
  const url = await serve(t, (_request, response) => {
    count += 1
    response.writeHead(count === 7 ? 429 : 200).end()
  })
  await t.rejects(load({ url, method: 'GET', expected: 200, connections: 2, until: { seconds: 5 } }), {
    constructor: Unexpected,
    message: `GET ${url} has to be answered with 200, but there were 1 × 429.
Switch its limits off: all that is asked here comes from one address.`
  })
})

test('a success of another kind is unexpected too, and so is no answer', async (t) => {
  const other = await serve(t, (_request, response) => response.writeHead(204).end())
  const cut = await serve(t, (request) => request.socket.destroy())
  const reset = await serve(t, ({ socket }) =>
    (socket as typeof socket & { resetAndDestroy(): void }).resetAndDestroy()
  )
  const cases = [
    ['another success', other, undefined, /were \d+ × 204\.$/],
    ['a connection that is closed', cut, 0.1, /were \d+ × no answer\.$/],
    ['a connection that is reset', reset, undefined, /× read ECONNRESET/]
  ] as const
  for (const [what, url, firstAnswerS, message] of cases) {
    const loading = load({ url, method: 'GET', expected: 200, connections: 1, until: { seconds: 0.05 } }, firstAnswerS)
    const error = await loading.catch((error: Error) => error)
    t.match(error, { constructor: Unexpected, message }, what)
    t.type(error, ServiceError)
  }
})

test('one answer of many that does not come is missed', async (t) => {
  let count = 0
  const waiting: ServerResponse[] = []
  // The time counts from the first answer on: by then all four are there, one of them for the second time.
  const url = await serve(t, ({ socket }, response) => {
    count += 1
    if (count === 1) return void socket.end()
    waiting.push(response)
    if (count > 4) for (const each of waiting.splice(0)) each.end()
  })
  for (const until of [{ amount: 12 }, { seconds: 0.05 }]) {
    count = 0
    const loading = load({ url, method: 'GET', expected: 200, connections: 4, until })
    await t.rejects(loading, { constructor: Unexpected, message: /were 1 × no answer\.$/ })
  }
})

test('the limits are to be switched off where they were met', (t) => {
  const advice = '\nSwitch its limits off: all that is asked here comes from one address.'
  for (const seen of ['429', '3 × 429', '429 × 429', '1 × 500, 12 × 429']) t.equal(adviceOn(seen), advice, seen)
  for (const seen of ['500', '429 × no answer', '429 × 500', '1 × 4290']) t.equal(adviceOn(seen), '', seen)
  t.end()
})
