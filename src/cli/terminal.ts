import { isUtf8 } from 'node:buffer'
import { once } from 'node:events'
import { createInterface } from 'node:readline/promises'
import type { Readable, Writable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import password from '@inquirer/password'
import { visible } from '../printable.ts'

/** The streams and the environment of a command: those of the process, or of a test. */
export interface Terminal {
  stdin: Readable & { isTTY?: boolean }
  stdout: Writable
  stderr: Writable & { isTTY?: boolean; columns?: number }
  environment: NodeJS.ProcessEnv
}

/**
 * Reads a secret from the environment variable, a prompt without echo, or, if standard input is not a terminal, all of
 * that without its final newline. Secrets are never arguments, which other users of the machine could see.
 *
 * @param label the text of the prompt
 * @throws Error if standard input is not UTF-8, or contains a NUL
 */
export async function readSecret({ stdin, stderr, environment }: Terminal, label: string, variable: string) {
  const given = environment[variable]
  if (given !== undefined) return given
  if (stdin.isTTY) return password({ message: label }, { input: stdin, output: stderr })
  const piped = await buffer(stdin)
  if (piped.includes(0) || !isUtf8(piped)) throw new Error('Standard input is not UTF-8 text.')
  return piped.toString('utf8').replace(/\r?\n$/, '')
}

/**
 * Asks for confirmation on a terminal; false if standard input is not a terminal.
 *
 * @param consequence describes what will happen
 */
export async function confirmed({ stdin, stderr }: Terminal, consequence: string): Promise<boolean> {
  if (!stdin.isTTY) return false
  stderr.write(`${visible(consequence)}\n`)
  const lines = createInterface({ input: stdin, output: stderr })
  // At the end of the input and after Ctrl-C, `question` never settles.
  const closed = once(lines, 'close').then(() => '')
  const answer = await Promise.race([lines.question('Type yes to continue: '), closed])
  lines.close()
  return answer.trim().toLowerCase() === 'yes'
}
