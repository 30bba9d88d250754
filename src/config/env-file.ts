import { isUtf8 } from 'node:buffer'
import { lstatSync, readFileSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseArgs, parseEnv } from 'node:util'
import { SETTINGS } from './environment.ts'

/** A file of settings is there and cannot be applied; the message names it and says why, and shows nothing of it. */
export class EnvironmentFileError extends Error {
  override readonly name = 'EnvironmentFileError'
}

/** The option by which a program of ours takes another file in place of `.env`. */
export const ENV_FILE = ['--env-file <path>', 'read the settings from this file, in place of .env'] as const

/**
 * Adds the settings of the file that `--env-file` names among the words of a command line, or of `.env`. The words are
 * not checked here: the settings have to be there for whatever they ask.
 *
 * @throws EnvironmentFileError
 */
export function readEnvFileOf(words: string[], environment: NodeJS.ProcessEnv = process.env): void {
  const options = { 'env-file': { type: 'string' } } as const
  const { 'env-file': path } = parseArgs({ args: words, strict: false, options }).values
  readEnvFile(typeof path === 'string' ? path : undefined, environment)
}

/**
 * Adds the settings of a file to an environment; what is in the environment already wins, and a blank value counts as
 * none.
 *
 * Node's own loader passes over what it cannot read, and a service that has lost its DATABASE_URL that way would start on
 * a new, empty database. So the file is applied as a whole, or not at all. Names that the service does not know may belong
 * to other programs; those that look like one of its settings are refused, for the same reason.
 *
 * @param path by default `.env` of the working folder, which need not exist
 * @throws EnvironmentFileError if the file cannot be read, is not UTF-8, has a line that is not `NAME=value`, sets a name
 *   to two values, or misspells a setting
 */
export function readEnvFile(path?: string, environment: NodeJS.ProcessEnv = process.env): void {
  const file = resolve(path ?? '.env')
  const content = readBytes(file, path === undefined)
  if (content === undefined) return
  const settings = parse(file, textOf(file, content))
  for (const { name } of settings) refuseMisspelt(file, name)
  refuseAmbiguous(file, settings)
  for (const { name, value } of settings) {
    if (!environment[name]?.trim()) environment[name] = value
  }
}

function readBytes(file: string, isOptional: boolean): Buffer | undefined {
  try {
    const stats = statSync(file)
    // To read from one of those could take for ever.
    if (!stats.isFile() && !stats.isDirectory()) throw new Error('it is a pipe, a socket or a device, and not a file')
    return readFileSync(file)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    // A symbolic link that leads nowhere is not an absent file: somebody meant it to be read.
    if (isOptional && code === 'ENOENT' && !isThere(file)) return undefined
    throw new EnvironmentFileError(`${file} cannot be read: ${message}`)
  }
}

const isThere = (file: string) => lstatSync(file, { throwIfNoEntry: false }) !== undefined

/** The text without a byte order mark, and with line feeds alone. */
function textOf(file: string, content: Buffer): string {
  const isUtf16 = ['fffe', 'feff'].includes(content.toString('hex', 0, 2))
  if (isUtf16 || content.includes(0) || !isUtf8(content)) {
    throw new EnvironmentFileError(`${file} is not text in UTF-8: save it as UTF-8`)
  }
  return content
    .toString('utf8')
    .replace(/^\uFEFF/, '')
    .replaceAll('\r\n', '\n')
}

/** An empty line or a comment. */
const BLANK = /[ \t]*(?:#[^\n]*)?(?:\n|$)/y

/**
 * One setting. A quoted value may go over several lines. `#` begins a comment after white space alone: anywhere else the
 * value would be cut off there without a word.
 */
const SETTING =
  /[ \t]*(?:export[ \t]+)?([A-Za-z_][\w.-]*)[ \t]*=[ \t]*("[^"]*"|'[^']*'|`[^`]*`|(?!["'`])[^\n#]*)[ \t]*(?:(?<=[\s=])#[^\n]*)?(?:\n|$)/y

interface Setting {
  name: string
  value: string
  line: number
}

function parse(file: string, text: string): Setting[] {
  const settings: Setting[] = []
  for (let at = 0; at < text.length; ) {
    const blank = matchAt(BLANK, text, at)
    const setting = blank ?? matchAt(SETTING, text, at)
    if (!setting || CONTROL.test(setting[0])) throw unreadable(file, text, at)
    const [whole, name, value = ''] = setting
    // Quotation marks and escapes are Node's to resolve. It takes a tab for part of a name or value.
    if (name !== undefined) {
      settings.push({ name, value: String(parseEnv(`${name}=${value.trim()}`)[name]), line: lineAt(text, at) })
    }
    at += whole.length
  }
  return settings
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at
  return pattern.exec(text)
}

/** All but the tab and the line feed. */
const CONTROL = /[^\P{Cc}\t\n]/u

function unreadable(file: string, text: string, at: number): EnvironmentFileError {
  return new EnvironmentFileError(
    `${file}, line ${lineAt(text, at)}: this is not NAME=value. A value with # or a quotation mark in it has to be in quotation marks.`
  )
}

const lineAt = (text: string, at: number) => text.slice(0, at).split('\n').length

/** Of two values some programs take the first, and others, as shells and systemd, the last. */
function refuseAmbiguous(file: string, settings: Setting[]): void {
  const seen = new Map<string, Setting>()
  for (const setting of settings) {
    const { name, value, line } = setting
    const before = seen.get(name) ?? setting
    if (before.value !== value) {
      throw new EnvironmentFileError(
        `${file}, line ${line}: ${name} has another value than in line ${before.line}: remove one of the two`
      )
    }
    seen.set(name, before)
  }
}

function refuseMisspelt(file: string, name: string): void {
  if (SETTINGS.includes(name)) return
  const meant = SETTINGS.find((setting) => distance(setting, name.toUpperCase()) <= allowance(setting))
  if (meant) throw new EnvironmentFileError(`${file}: there is no setting ${name}. Did you mean ${meant}?`)
}

/** How many letters of a setting may be wrong before it is taken for another name: none in PORT, two in DATABASE_URL. */
const allowance = ({ length }: string) => Math.min(2, Math.floor(length / 6))

/** How many letters have to be added, removed, replaced or swapped with the next one (optimal string alignment). */
function distance(one: string, other: string): number {
  const rows = [Array.from({ length: other.length + 1 }, (_, column) => column)]
  const at = (row: number, column: number) => (rows[row] as number[])[column] as number
  for (let i = 1; i <= one.length; i += 1) {
    rows.push([i])
    for (let j = 1; j <= other.length; j += 1) {
      const isSwapped = one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1]
      const replaced = at(i - 1, j - 1) + (one[i - 1] === other[j - 1] ? 0 : 1)
      const swapped = isSwapped ? at(i - 2, j - 2) + 1 : Number.POSITIVE_INFINITY
      ;(rows[i] as number[]).push(Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, replaced, swapped))
    }
  }
  return at(one.length, other.length)
}
