import { mock } from 'node:test'
import { test } from 'tap'
import { throttle } from '../../../src/concurrency/throttle.ts'

test('a repeated event is reported at once, and then once in ten seconds', (t) => {
  let now = 0
  const mocked = mock.method(performance, 'now', () => now)
  t.teardown(() => mocked.mock.restore())
  const reports: [number, string][] = []
  const report = throttle((omitted, event: string) => reports.push([omitted, event]))
  for (now of [0, 500, 9_999, 10_000, 10_001, 60_000]) report(`at ${now}`)
  t.strictSame(reports, [
    [0, 'at 0'],
    [2, 'at 10000'],
    [1, 'at 60000']
  ])
  t.end()
})
