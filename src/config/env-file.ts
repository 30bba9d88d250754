import { isUtf8 } from 'node:buffer'
import { lstatSync, readFileSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseArgs, parseEnv } from 'node:util'
import { VARIABLES } from './environment.ts'

/** An environment file cannot be applied. The message names the file and the reason, without its content. */
export class EnvironmentFileError extends Error {
  override readonly name = 'EnvironmentFileError'
}

/** The command-line option for another file than `.env`. */
export const ENV_FILE = ['--env-file <path>', 'read the settings from this file, in place of .env'] as const

/**
 * Reads the file of the `--env-file` option, or `.env`, into an environment. Other arguments are not checked here:
 * settings have to be known before the command line is parsed.
 *
 * @throws EnvironmentFileError see `readEnvFile`
 */
export function readEnvFileOf(args: string[], environment: NodeJS.ProcessEnv = process.env): void {
  const options = { 'env-file': { type: 'string' } } as const
  const { 'env-file': path } = parseArgs({ args, strict: false, options }).values
  readEnvFile(typeof path === 'string' ? path : undefined, environment)
}

/**
 * Reads a file of settings into an environment. Variables that are already set win, unless they are blank.
 *
 * `process.loadEnvFile` skips lines that it cannot parse. A service that lost its DATABASE_URL that way would start on
 * a new, empty database. So this reader applies the complete file or rejects it. Unknown names may belong to other
 * programs, but names that resemble a setting are rejected too.
 *
 * @param path by default `.env` in the working directory, which need not exist
 * @throws EnvironmentFileError if the file cannot be read, is not UTF-8, has a line that is not `NAME=value`, sets a
 *   name to two values, or misspells a setting
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
    // Reading from a pipe or device could block forever.
    if (!stats.isFile() && !stats.isDirectory()) throw new Error('it is a pipe, a socket or a device, and not a file')
    return readFileSync(file)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    // A dangling link is an error: somebody meant the file to be read.
    if (isOptional && code === 'ENOENT' && !exists(file)) return undefined
    throw new EnvironmentFileError(`${file} cannot be read: ${message}`)
  }
}

const exists = (file: string) => lstatSync(file, { throwIfNoEntry: false }) !== undefined

/** Decodes UTF-8, removes a byte order mark, and normalizes line ends to LF. */
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
 * One setting. A quoted value may span several lines. `#` only begins a comment after white space; an unquoted value
 * with another `#` is rejected, since Node would silently truncate it.
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
    if (!setting || CONTROL.test(setting[0])) throw syntaxError(file, text, at)
    const [match, name, value = ''] = setting
    // Node resolves quotation marks and escapes. It would take a tab for a part of the name or value.
    if (name !== undefined) {
      settings.push({ name, value: String(parseEnv(`${name}=${value.trim()}`)[name]), line: lineAt(text, at) })
    }
    at += match.length
  }
  return settings
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at
  return pattern.exec(text)
}

/** Control characters other than tab and line feed. */
const CONTROL = /[^\P{Cc}\t\n]/u

function syntaxError(file: string, text: string, at: number): EnvironmentFileError {
  return new EnvironmentFileError(
    `${file}, line ${lineAt(text, at)}: this is not NAME=value. A value that contains # or a quotation mark must be in quotation marks.`
  )
}

const lineAt = (text: string, at: number) => text.slice(0, at).split('\n').length

/** Programs differ on which of two values wins: for shells and systemd it is the last. */
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
  if (VARIABLES.includes(name)) return
  const meant = VARIABLES.find((setting) => distance(setting, name.toUpperCase()) <= maxDistance(setting))
  if (meant) throw new EnvironmentFileError(`${file}: there is no setting ${name}. Did you mean ${meant}?`)
}

/** The largest edit distance at which a name counts as misspelt: 0 for PORT, 2 for DATABASE_URL. */
const maxDistance = ({ length }: string) => Math.min(2, Math.floor(length / 6))

/** Edit distance with transpositions (optimal string alignment). */
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
