import DataLoader from 'dataloader'
import { settledWithin } from '../concurrency/settled-within.ts'
import type { Database } from '../database/database.ts'
import { type CountRequest, type CountResult, countAllWithin } from './counters.ts'
import type { Limit } from './rates.ts'

/**
 * Creates a counter of client addresses that batches its writes: requests that arrive while a statement runs are
 * counted together by the next. With a statement for each, a refusal in a storm of logins takes four times the CPU time
 * (bench/README.md).
 *
 * @param openDatabase called for each statement, whose deadline belongs to no single request
 * @returns counts one request
 */
export function createBatchedCounter(
  openDatabase: () => Database,
  limit: Limit
): (client: CountRequest) => Promise<CountResult> {
  let counting: Promise<unknown> = Promise.resolve()
  const counts = new DataLoader<CountRequest, CountResult>(
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
