import type { Terminal } from './terminal.ts'

/** Tells how far long work has come. */
export interface Progress {
  show(state: string): void
  /** The last state stays to be read. */
  end(): void
}

/** How often a log is told, in milliseconds; on a terminal one line changes with every state. */
const INTERVAL = 10000

export function showProgress({ stderr }: Terminal): Progress {
  let toldAt = Number.NEGATIVE_INFINITY
  return {
    show(state) {
      if (stderr.isTTY) stderr.write(`\r${state}\u001b[K`)
      else if (performance.now() - toldAt >= INTERVAL) {
        toldAt = performance.now()
        stderr.write(`${state}\n`)
      }
    },
    end() {
      if (stderr.isTTY) stderr.write('\n')
    }
  }
}
