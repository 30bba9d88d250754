import { isUtf8 } from 'node:buffer'
import type { Readable, Writable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import password from '@inquirer/password'

/** Where a command reads and writes: the process's own streams and environment, or a test's. */
export interface Terminal {
  stdin: Readable & { isTTY?: boolean }
  stdout: Writable
  stderr: Writable & { isTTY?: boolean }
  environment: NodeJS.ProcessEnv
}

/**
 * A secret that is not on the command line, where every user of the machine and the shell's history would see it: from
 * the environment variable, typed unseen, or else all of standard input without the end of its line.
 *
 * @throws Error where what is piped in is no text that could be typed
 */
export async function readSecret({ stdin, stderr, environment }: Terminal, what: string, variable: string) {
  const given = environment[variable]
  if (given !== undefined) return given
  if (stdin.isTTY) return password({ message: what }, { input: stdin, output: stderr })
  const piped = await buffer(stdin)
  if (piped.includes(0) || !isUtf8(piped)) throw new Error('What is piped in is not a text in UTF-8.')
  return piped.toString('utf8').replace(/\r?\n$/, '')
}

/** Tells how far long work has come. */
export interface Progress {
  show(state: string): void
  /** The last state stays to be read. */
  end(): void
}

/** How often a log is told, in milliseconds; on a terminal one line changes with every state. */
const INTERVAL = 10_000

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

/** Rows in aligned columns, under their names. */
export function table(names: string[], rows: string[][]): string {
  return align([names, ...rows])
}

/** Lines of as many cells each, in aligned columns. What a stranger had us keep cannot steer the terminal. */
export function align(lines: string[][]): string {
  const shown = lines.map((line) => line.map((cell) => cell.replaceAll(/\p{Cc}/gu, '?')))
  const widths = shown.reduce<number[]>(
    (most, line) => line.map((cell, column) => Math.max(cell.length, most[column] ?? 0)),
    []
  )
  return shown
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] as number))
        .join('  ')
        .trimEnd()
    )
    .join('\n')
}

/** How many of something there are: `1 session`, `2 sessions`. */
export const countOf = (count: number, what: string) => `${count} ${what}${count === 1 ? '' : 's'}`
