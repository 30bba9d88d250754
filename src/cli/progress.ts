import type { Terminal } from './terminal.ts'

/** The progress of a long command: one line on a terminal, and nothing elsewhere. */
export interface Progress {
  /** Replaces the line, unless that was done a moment ago. */
  show(state: string): void
  /** Removes the line: before anything else is printed. */
  clear(): void
}

/** The minimum time between two states, in milliseconds. */
const INTERVAL = 200

/** The width of a terminal that does not report it, in columns. */
const WIDTH = 80

/**
 * Uses no escape sequence, only a carriage return and spaces, so that it works on every terminal. A line that wrapped could
 * not be replaced: it is cut at the width of the terminal.
 *
 * @param now milliseconds
 */
export function createProgress({ stderr }: Pick<Terminal, 'stderr'>, now = () => performance.now()): Progress {
  let length = 0
  let shownAt = Number.NEGATIVE_INFINITY
  const width = () => (stderr.columns || WIDTH) - 1

  return {
    show(state) {
      if (!stderr.isTTY || now() - shownAt < INTERVAL) return
      shownAt = now()
      const line = state.slice(0, width())
      stderr.write(`\r${line.padEnd(Math.min(length, width()))}`)
      length = line.length
    },
    clear() {
      if (length > 0) stderr.write(`\r${' '.repeat(Math.min(length, width()))}\r`)
      length = 0
    }
  }
}
