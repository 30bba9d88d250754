import { Problem } from './errors.ts'

/** Lets a bounded number of tasks run at once, keeps a bounded number waiting, and turns the rest away. */
export interface Gate {
  /**
   * Runs the task now, or when its turn comes.
   *
   * @param signal takes a task that still waits out of the queue, and keeps one out when it had been aborted before;
   * one that runs is left to end
   * @throws Problem OVERLOADED at once when the queue is full, and when the signal took the task out
   */
  run<Result>(task: () => Promise<Result>, signal?: AbortSignal): Promise<Result>
  readonly running: number
  readonly waiting: number
}

/**
 * @param concurrency how many tasks run at once
 * @param queue how many may wait
 */
export function createGate(concurrency: number, queue: number): Gate {
  const waiting = new Set<() => void>()
  let running = 0

  function turn(signal?: AbortSignal): Promise<void> | undefined {
    if (signal?.aborted) throw gone()
    if (running < concurrency) {
      running += 1
      return undefined
    }
    if (waiting.size >= queue) throw new Problem('OVERLOADED')
    return new Promise((resolve, reject) => {
      const leave = () => {
        waiting.delete(enter)
        reject(gone())
      }
      const enter = () => {
        signal?.removeEventListener('abort', leave)
        resolve()
      }
      waiting.add(enter)
      signal?.addEventListener('abort', leave, { once: true })
    })
  }

  // The place of a task that ends goes to the one that has waited longest.
  function next(): void {
    const [enter] = waiting
    if (!enter) {
      running -= 1
      return
    }
    waiting.delete(enter)
    enter()
  }

  return {
    async run(task, signal) {
      await turn(signal)
      try {
        return await task()
      } finally {
        next()
      }
    },
    get running() {
      return running
    },
    get waiting() {
      return waiting.size
    }
  }
}

const gone = () => new Problem('OVERLOADED', { message: 'The client has gone.' })
