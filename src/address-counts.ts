import DataLoader from 'dataloader'
import type { Clock } from './clock.ts'
import type { Database } from './database.ts'
import { type Count, countAllWithin, type Limit } from './limits.ts'
import { overOrTooLong } from './over-or-too-long.ts'

/**
 * Counts client addresses, and says which are let through. What comes while a statement runs is counted together by the
 * next: in a storm of logins a statement for each address would take longer than all else that a refusal needs.
 *
 * @param openDatabase gives a database for each statement, since it serves several requests
 */
export function createAddressCounts(
  openDatabase: () => Database,
  clock: Clock,
  limit: Limit
): (key: Buffer) => Promise<Count> {
  let counting: Promise<unknown> = Promise.resolve()
  const counts = new DataLoader<Buffer, Count>(
    (keys) => {
      const counted = countAllWithin(openDatabase(), clock, keys, limit)
      counting = counted
      return counted
    },
    {
      cache: false,
      batchScheduleFn: (count) => overOrTooLong(counting).then(() => setImmediate(count))
    }
  )
  return (key) => counts.load(key)
}
