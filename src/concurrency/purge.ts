import { setTimeout as pause } from 'node:timers/promises'

/** After each step a purge rests this many times as long as the step took: requests come first. */
const REST = 4

/** How many rows one step deletes at most: few enough that nothing waits for it long. */
export const BATCH = 1000

/**
 * Repeats a step until nothing is left: a fixed number of steps could be outgrown by a flood.
 *
 * @param step whether there may be more
 * @throws AbortError between two steps
 */
export async function purgeInSteps(step: () => Promise<boolean>, signal: AbortSignal): Promise<void> {
  for (;;) {
    const start = performance.now()
    if (!(await step())) return
    await pause((performance.now() - start) * REST, undefined, { ref: false, signal })
  }
}

/** Deletes rows in batches until none is left: a batch with fewer rows than it may have was the last. */
export const purgeRows = (deleteRows: (most: number) => Promise<number>, signal: AbortSignal) =>
  purgeInSteps(async () => (await deleteRows(BATCH)) === BATCH, signal)
