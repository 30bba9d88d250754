import { randomInt } from 'node:crypto'

/** Sets and clears timers. Tests inject their own. */
export interface Timers {
  set(work: () => Promise<void>, milliseconds: number): unknown
  clear(timer: unknown): void
}

/** Node's timers, unreferenced: they do not keep the process alive. */
export const systemTimers: Timers = {
  set: (work, milliseconds) => setTimeout(work, milliseconds).unref(),
  clear: (timer) => clearTimeout(timer as NodeJS.Timeout | undefined)
}

interface PeriodicOptions {
  /** The time between the starts of two runs, in milliseconds. Without an interval, only `next` schedules a run. */
  interval?: number
  /** The delay of the first run, in milliseconds; by default one interval. */
  first?: number
  /** Does one run. `stop` aborts the signal. */
  work(signal: AbortSignal): Promise<void>
  /** Called with the error of a run, except after `stop`. Does not affect later runs. */
  failed(error: unknown): void
  timers?: Timers | undefined
}

/** Work that repeats. */
export interface Periodic {
  /** Starts a run now, or joins the current one. Resolves at its end and never rejects. */
  run(): Promise<void>
  /**
   * Reschedules the next run.
   *
   * @param milliseconds the delay from now
   * @param jitter the maximum of a random additional delay, in milliseconds
   */
  next(milliseconds: number, jitter?: number): void
  /** Cancels future runs, aborts the current one, and waits for its end. */
  stop(): Promise<void>
}

/**
 * Repeats work in the background. Runs never overlap: a run that is due during another starts when that ends.
 *
 * Replaces @fastify/schedule (toad-scheduler), which skips a run that is due during another, cannot reschedule one, and
 * does not wait for the current one when stopped.
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
