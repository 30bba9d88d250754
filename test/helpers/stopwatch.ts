import { mock } from 'node:test'
import type { Test } from 'tap'

/** Moves the time that `performance.now()` tells by hand. */
export function stopwatch(t: Test): (milliseconds: number) => void {
  let now = 0
  const mocked = mock.method(performance, 'now', () => now)
  t.teardown(() => mocked.mock.restore())
  return (milliseconds: number) => {
    now += milliseconds
  }
}
