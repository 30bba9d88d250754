import { test } from 'tap'
import { systemClock } from '../../src/clock.ts'

test('the system clock tells the time of the process, and leaves that of the database as it is', (t) => {
  const before = Date.now()
  const now = systemClock.now()
  t.ok(before <= now && now <= Date.now())
  t.equal(systemClock.offset, 0)
  t.end()
})
