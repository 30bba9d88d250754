import { test } from 'tap'
import { settle } from '../../../plugins/factors/settle.ts'

test('what follows a refusal is awaited, and its failure is logged and not thrown', async (t) => {
  const log: unknown[] = []
  const request = { log: { warn: (...line: unknown[]) => log.push(line) } } as never
  let done = false
  await settle(
    request,
    Promise.resolve().then(() => {
      done = true
    })
  )
  t.equal(done, true)
  await settle(request, undefined)
  t.strictSame(log, [])
  const err = new Error('the database is unavailable')
  await settle(request, Promise.reject(err))
  t.strictSame(log, [[{ err }, 'could not complete what follows a refusal']])
})
