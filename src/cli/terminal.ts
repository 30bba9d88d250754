import { isUtf8 } from 'node:buffer'
import { once } from 'node:events'
import { createInterface } from 'node:readline/promises'
import type { Readable, Writable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import password from '@inquirer/password'
import { visible } from '../printable.ts'

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
