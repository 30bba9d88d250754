import type { Terminal } from './terminal.ts'

/** Shows the progress of a long command on standard error. */
export interface Progress {
  show(state: string): void
  /** Ends the line of the last state. */
  end(): void
}

/** The minimum time between two lines if standard error is not a terminal, in milliseconds. */
const INTERVAL = 10_000

/** On a terminal, one line is updated with each state; otherwise a line is printed every ten seconds. */
export function showProgress({ stderr }: Terminal): Progress {
  let shownAt = Number.NEGATIVE_INFINITY
  return {
    show(state) {
      if (stderr.isTTY) stderr.write(`\r${state}\u001b[K`)
      else if (performance.now() - shownAt >= INTERVAL) {
        shownAt = performance.now()
        stderr.write(`${state}\n`)
      }
    },
    end() {
      if (stderr.isTTY) stderr.write('\n')
    }
  }
}
