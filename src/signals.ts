import type { EventEmitter } from 'node:events'

type Signal = 'SIGTERM' | 'SIGINT' | 'SIGHUP'

/** A terminal that closes sends SIGHUP. */
const SIGNALS: Signal[] = ['SIGTERM', 'SIGINT', 'SIGHUP']

/** A signal within this time after the first one is a copy of it, in milliseconds. */
const COPY_WINDOW = 500

/**
 * Starts a graceful stop at the first signal, with the listeners that are registered, and aborts it at a second one.
 * Ignores copies of the first: a process group gets a signal directly and, under npm, again from the parent.
 *
 * @param process emits the signals
 * @param onStop called when the stop starts
 * @param abort called at the second signal; must end the process
 */
export function ignoreCopies(process: EventEmitter, onStop: () => void, abort: () => void): void {
  let stoppedAt: number | undefined
  const listeners = {
    SIGTERM: process.listeners('SIGTERM'),
    SIGINT: process.listeners('SIGINT'),
    SIGHUP: process.listeners('SIGHUP')
  }

  function handle(signal: Signal): void {
    if (stoppedAt === undefined) {
      stoppedAt = performance.now()
      onStop()
      for (const listener of listeners[signal]) listener(signal)
      // Removes the listeners that the stop has added for a second signal: a copy would call them.
      replaceListeners()
    } else if (performance.now() - stoppedAt > COPY_WINDOW) {
      abort()
    }
  }

  function replaceListeners(): void {
    for (const signal of SIGNALS) process.removeAllListeners(signal).on(signal, handle)
  }

  replaceListeners()
}
