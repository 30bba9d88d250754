import type { EventEmitter } from 'node:events'

type Signal = 'SIGTERM' | 'SIGINT' | 'SIGHUP'

/** The last is what a terminal sends that goes away. */
const SIGNALS: Signal[] = ['SIGTERM', 'SIGINT', 'SIGHUP']

/** How long after the first signal a second one is a copy of it, in milliseconds. */
const COPY = 500

/**
 * Has a stop begin at the first signal, as whoever listens to it already would, and be cut short by a second one; but not
 * by a copy: npm hands on what the whole process group gets as well, and so does a terminal.
 *
 * @param process what the signals come from, with one listener for each that begins the stop
 * @param begun is told that the stop has begun
 * @param cutShort ends the process at once
 */
export function ignoreCopies(process: EventEmitter, begun: () => void, cutShort: () => void): void {
  let begunAt: number | undefined
  const begin = {
    SIGTERM: process.listeners('SIGTERM'),
    SIGINT: process.listeners('SIGINT'),
    SIGHUP: process.listeners('SIGHUP')
  }

  function hear(signal: Signal): void {
    if (begunAt === undefined) {
      begunAt = performance.now()
      begun()
      for (const listener of begin[signal]) listener(signal)
      // What the stop has put there to hear a second signal would hear a copy too.
      listenAlone()
    } else if (performance.now() - begunAt > COPY) {
      cutShort()
    }
  }

  function listenAlone(): void {
    for (const signal of SIGNALS) process.removeAllListeners(signal).on(signal, hear)
  }

  listenAlone()
}
