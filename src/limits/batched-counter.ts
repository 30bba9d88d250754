import DataLoader from 'dataloader'
import { settledWithin } from '../concurrency/settled-within.ts'
import type { Database } from '../database/database.ts'
import { type Count, type Counted, countAllWithin } from './counters.ts'
import type { Limit } from './rates.ts'

/**
 * Counts client addresses, and says which are let through. What comes while a statement runs is counted together by the
 * next: in a storm of logins a statement for each address would take longer than all else that a refusal needs.
 *
 * @param openDatabase gives a database for each statement, since it serves several requests
 */
export function createAddressCounts(openDatabase: () => Database, limit: Limit): (client: Counted) => Promise<Count> {
  let counting: Promise<unknown> = Promise.resolve()
  const counts = new DataLoader<Counted, Count>(
    (clients) => {
      const counted = countAllWithin(openDatabase(), clients, limit)
      counting = counted
      return counted
    },
    {
      cache: false,
      batchScheduleFn: (count) => settledWithin(counting).then(() => setImmediate(count))
    }
  )
  return (client) => counts.load(client)
}
