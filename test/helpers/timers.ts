import type { Timers } from '../../src/concurrency/periodic.ts'

/** The timers of the process, also while a test mocks timers. */
const { setInterval, clearInterval } = globalThis

/** Timers that a test moves by hand. */
export interface TestTimers extends Timers {
  /** Lets time pass, and waits for all that is due in it, one after the other. */
  pass(milliseconds: number): Promise<void>
}

export function testTimers(): TestTimers {
  const pending = new Map<unknown, { at: number; work: () => Promise<void> }>()
  let now = 0
  return {
    set(work, milliseconds) {
      const timer = Symbol()
      pending.set(timer, { at: now + milliseconds, work })
      return timer
    },
    clear: (timer) => pending.delete(timer),
    async pass(milliseconds) {
      const end = now + milliseconds
      for (;;) {
        const [first] = [...pending].sort(([, one], [, other]) => one.at - other.at)
        if (!first || first[1].at > end) break
        pending.delete(first[0])
        now = first[1].at
        // The pauses of a job keep no process alive, nor does an embedded database.
        const alive = setInterval(() => {}, 1000)
        await first[1].work().finally(() => clearInterval(alive))
      }
      now = end
    }
  }
}
