import { isUtf8 } from 'node:buffer'
import { once } from 'node:events'
import { createInterface } from 'node:readline/promises'
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

/**
 * Asks on a terminal whether to go on; elsewhere nobody does.
 *
 * @param consequence what will come of it
 */
export async function confirmed({ stdin, stderr }: Terminal, consequence: string): Promise<boolean> {
  if (!stdin.isTTY) return false
  stderr.write(`${visible(consequence)}\n`)
  const lines = createInterface({ input: stdin, output: stderr })
  // At the end of the input, and after Ctrl-C, the question would never be answered.
  const ended = once(lines, 'close').then(() => '')
  const answer = await Promise.race([lines.question('Type yes to go on: '), ended])
  lines.close()
  return answer.trim().toLowerCase() === 'yes'
}

/** What steers a terminal or turns the direction of a text: controls, formatting characters, separators of lines. */
const STEERING = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu

/** A text of some lines in which nothing steers the terminal, whoever it is from. */
export const visible = (text: string) => text.replaceAll(STEERING, (character) => (character === '\n' ? '\n' : '?'))

/** JSON in which nothing steers the terminal: such characters are escaped (RFC 8259 §7). */
export const toJson = (value: unknown) => escapeSteering(JSON.stringify(value))

/** JSON on one line, with what would steer a terminal escaped. */
export const escapeSteering = (json: string) =>
  json.replaceAll(STEERING, (character) =>
    character === '\n'
      ? '\n'
      : character
          .split('')
          .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
          .join('')
  )

/** A stream of lines of JSON, such as a log, in which nothing steers the terminal. */
export const escaping = (stream: Writable) => ({ write: (line: string) => stream.write(escapeSteering(line)) })

/** Rows in aligned columns, under their names. */
export function table(names: string[], rows: string[][]): string {
  return align([names, ...rows])
}

/** Lines of as many cells each, in aligned columns. What a stranger had us keep cannot steer the terminal. */
export function align(lines: string[][]): string {
  const shown = lines.map((line) => line.map((cell) => cell.replaceAll(STEERING, '?')))
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
