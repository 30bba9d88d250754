import { setTimeout as pause } from 'node:timers/promises'

/** The pause after a step, as a multiple of its duration. It leaves the database to requests. */
const PAUSE = 4

/** The maximum number of rows that one step deletes, so that it holds locks only briefly. */
export const BATCH = 1000

/**
 * Repeats a step until nothing is left, however many steps that takes.
 *
 * @param step resolves to whether rows may be left
 * @throws AbortError between two steps, after the signal is aborted
 */
export async function purgeInSteps(step: () => Promise<boolean>, signal: AbortSignal): Promise<void> {
  for (;;) {
    const start = performance.now()
    if (!(await step())) return
    await pause((performance.now() - start) * PAUSE, undefined, { ref: false, signal })
  }
}

/**
 * Deletes rows in batches until none is left.
 *
 * @param deleteRows deletes up to `limit` rows, and resolves to how many it deleted; fewer than the limit end the purge
 */
export const purgeRows = (deleteRows: (limit: number) => Promise<number>, signal: AbortSignal) =>
  purgeInSteps(async () => (await deleteRows(BATCH)) === BATCH, signal)
