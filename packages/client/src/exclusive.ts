import type { Platform } from './platform.ts'

const LOCK_TIMEOUT_MS = 2000

/**
 * Returns a function that runs work one after the other: always in this tab, and usually in all tabs. A lock of another tab
 * is waited for briefly, since tabs are frozen and killed while they hold one; two refreshes at once get the same answer.
 */
export function createExclusive(name: string, { locks, timeout }: Platform) {
  let last: Promise<unknown> = Promise.resolve()

  async function locked<Result>(work: () => Promise<Result>): Promise<Result> {
    let result: Promise<Result> | undefined
    const run = () => (result ??= work())
    // A failure of the lock is ignored, since it is not needed; a failure of the work is passed on by `run`.
    await locks?.request(name, { signal: timeout(LOCK_TIMEOUT_MS) }, run).catch(() => {})
    return run()
  }

  return function exclusive<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = last.then(() => locked(work))
    last = result.catch(() => {})
    return result
  }
}
