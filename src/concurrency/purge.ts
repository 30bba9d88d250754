import { setTimeout as pause } from 'node:timers/promises'

/** Between two steps a purge rests for as many times as long as the step took: what else happens comes first. */
const REST = 4

/** How many rows a step deletes at most: few enough that nothing waits for it long. */
const BATCH = 1000

/** What is purged, and when. */
export interface Purge {
  /** Deletes at most so many rows, and says how many. */
  step(most: number): Promise<number>
  /** Told of what went wrong; the next purge tries again. */
  failed(error: unknown): void
  /** How often it begins, in milliseconds. */
  interval: number
}

/**
 * Purges now and then, each time until nothing is left: a fixed number each time could be outgrown by a flood. A purge
 * that takes longer than the interval is not joined by a second one.
 *
 * @returns stops it
 */
export function startPurge({ step, failed, interval }: Purge): () => void {
  const stop = new AbortController()
  let running: Promise<void> | undefined

  async function purge(): Promise<void> {
    for (;;) {
      const start = performance.now()
      // A step that finds fewer rows than it may take was the last one.
      if ((await step(BATCH)) < BATCH) return
      await pause((performance.now() - start) * REST, undefined, { ref: false, signal: stop.signal })
    }
  }

  function run(): Promise<void> {
    running ??= purge()
      .catch((error) => {
        if (!stop.signal.aborted) failed(error)
      })
      .finally(() => {
        running = undefined
      })
    return running
  }

  const timer = setInterval(run, interval).unref()
  return () => {
    stop.abort()
    clearInterval(timer)
  }
}
