import { mock } from 'node:test'
import { test } from 'tap'
import { seldom } from '../../../src/concurrency/seldom.ts'

test('what happens again and again is told at once, and then once each ten seconds', (t) => {
  let now = 0
  const mocked = mock.method(performance, 'now', () => now)
  t.teardown(() => mocked.mock.restore())
  const told: [number, string][] = []
  const tell = seldom((leftOut, what: string) => told.push([leftOut, what]))
  for (now of [0, 500, 9_999, 10_000, 10_001, 60_000]) tell(`at ${now}`)
  t.strictSame(told, [
    [0, 'at 0'],
    [2, 'at 10000'],
    [1, 'at 60000']
  ])
  t.end()
})
