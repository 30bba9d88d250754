import { randomInt } from 'node:crypto'

/** What sets and clears timers: a test has its own. */
export interface Timers {
  set(work: () => Promise<void>, milliseconds: number): unknown
  clear(timer: unknown): void
}

/** Node's timers, which keep no process alive. */
export const systemTimers: Timers = {
  set: (work, milliseconds) => setTimeout(work, milliseconds).unref(),
  clear: (timer) => clearTimeout(timer as NodeJS.Timeout | undefined)
}

interface PeriodicOptions {
  /** The time between the starts of two runs, in milliseconds. Without one, only `next` starts a run. */
  interval?: number
  /** When the first run starts, in milliseconds; after one interval unless stated. */
  first?: number
  /** The work. The signal is aborted by `stop`. */
  work(signal: AbortSignal): Promise<void>
  /** Called with the error of a run, unless it was stopped; the next run starts as if nothing had happened. */
  failed(error: unknown): void
  timers?: Timers | undefined
}

/** Work that is repeated. */
export interface Periodic {
  /** Starts a run now, or joins the one that is running. Resolves at its end, and never rejects. */
  run(): Promise<void>
  /**
   * Sets when the next run starts, in milliseconds from now, in place of when it would have.
   *
   * @param jitter the run starts up to so many milliseconds later, by lot
   */
  next(milliseconds: number, jitter?: number): void
  /** Starts no more runs, aborts the one that is running, and waits for its end. */
  stop(): Promise<void>
}

/**
 * Repeats work in the background. Runs never overlap: one that is due during another starts when that has ended.
 *
 * In place of @fastify/schedule (toad-scheduler): it skips a run that is due during another, cannot bring one forward, and
 * its stop does not wait for the one that is running.
 */
export function periodic({
  interval,
  first = interval,
  work,
  failed,
  timers = systemTimers
}: PeriodicOptions): Periodic {
  const stopping = new AbortController()
  const { signal } = stopping
  let timer: unknown
  let running: Promise<void> | undefined
  let due = false

  function next(milliseconds: number, jitter = 0): void {
    timers.clear(timer)
    if (!signal.aborted) timer = timers.set(start, milliseconds + randomInt(jitter + 1))
  }

  function start(): Promise<void> {
    if (interval !== undefined) next(interval)
    due = running !== undefined
    return run()
  }

  async function run(): Promise<void> {
    if (!signal.aborted) running ??= runWhileDue()
    await running
  }

  async function runWhileDue(): Promise<void> {
    try {
      do {
        due = false
        try {
          await work(signal)
        } catch (error) {
          if (!signal.aborted) failed(error)
        }
      } while (due && !signal.aborted)
    } finally {
      running = undefined
    }
  }

  if (first !== undefined) next(first)
  return {
    run,
    next,
    async stop() {
      stopping.abort()
      timers.clear(timer)
      await running
    }
  }
}
