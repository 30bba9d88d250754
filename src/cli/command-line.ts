import { readdirSync } from 'node:fs'
import { basename, extname } from 'node:path'
import { Command, CommanderError } from 'commander'
import type { FastifyInstance } from 'fastify'
import type { AppOptions } from '../app-options.ts'
import { type Config, readConfig } from '../config/config.ts'
import { ENV_FILE } from '../config/env-file.ts'
import { isReadOnly } from '../database/database.ts'
import { nameDatabase } from '../database/existing-database.ts'
import { TAKES_NO_WRITES } from '../database/postgres.ts'
import { Problem } from '../errors.ts'
import { escaping, toJson, visible } from '../printable.ts'
import { VERSION } from '../version.ts'
import { openHeadlessApp } from './headless-app.ts'
import { confirmed, type Terminal } from './terminal.ts'

/** What a file in commands/ exports: it gives the command its description, its options and its action. */
export type DefineCommand = (command: Command, context: CommandContext) => void

/** What a command has at hand. */
export interface CommandContext {
  terminal: Terminal
  /** What a test gives in place of the process's own. */
  given: AppOptions
  /** The configuration; which database it leads to is said on standard error. */
  config(): Config
  /**
   * The application without its routes, on a database that is there already; it is closed when the command is over.
   *
   * @throws NoDatabase where there is none
   */
  open(): Promise<FastifyInstance>
  /**
   * Whether to do what cannot be undone: with --yes, or where it is confirmed on a terminal.
   *
   * @param consequence what will come of it
   */
  confirm(consequence: string): Promise<boolean>
  /**
   * What came of it: the text for people, or with --json the value.
   *
   * @param exitCode 1 where what was asked for is not as it should be
   */
  answer(value: unknown, text: string, exitCode?: 0 | 1): void
}

/** What is said where a command was not confirmed. */
export const UNCONFIRMED = '\nNothing is changed without --yes.'

/**
 * Does what a command line asks for. The commands are the files of commands/: `keys rotate` is commands/keys/rotate.ts.
 *
 * @param words the arguments, without the program's own name
 * @returns the exit code: 0 done, 1 refused or found bad, 2 where the words are at fault
 */
export async function runCommand(words: string[], terminal: Terminal, given: AppOptions = {}): Promise<number> {
  const { stdout, stderr } = terminal
  const open: FastifyInstance[] = []
  let exitCode = 0

  const program = new Command('latchkey')
    .description('Operates a Latchkey service: its keys, its people and its record.')
    .option('--json', 'answer with one JSON document')
    .option('--yes', 'do what cannot be undone without asking')
    .option(...ENV_FILE)
    .version(VERSION, '-V, --version', 'show the version')
    .configureOutput({ writeOut: (text) => stdout.write(text), writeErr: (text) => stderr.write(visible(text)) })
    .exitOverride()
    .showHelpAfterError('(--help tells more)')
  const say = (value: unknown, text: string) => (program.opts().json ? toJson(value) : visible(text))

  function configuration(): Config {
    const config = given.config ?? readConfig(terminal.environment)
    const database = nameDatabase(config)
    stderr.write(`${say({ database }, `database: ${database}`)}\n`)
    return config
  }

  await addCommands(program, new URL('../../commands/', import.meta.url), {
    terminal,
    given,
    config: configuration,
    async open() {
      const headless = await openHeadlessApp({ ...given, config: configuration(), existing: true }, escaping(stderr))
      open.push(headless)
      return headless
    },
    confirm: async (consequence) => program.opts().yes === true || confirmed(terminal, consequence),
    answer(value, text, code = 0) {
      stdout.write(`${say(value, text)}\n`)
      exitCode = code
    }
  })

  function failed(error: Error): number {
    // The library has said already what is wrong with the words.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    stderr.write(`${say(...failure(error))}\n`)
    return 1
  }

  const outcome = await program.parseAsync(words, { from: 'user' }).then(() => exitCode, failed)
  for (const headless of open) await headless.close()
  return outcome
}

/** What went wrong, for --json and for people: where something given is at fault, all that is. */
function failure(error: Error): [value: object, text: string] {
  // Errors of the embedded database's file system have none.
  const message = isReadOnly(error) ? `The database ${TAKES_NO_WRITES}.` : String(error.message)
  if (!(error instanceof Problem && error.errors)) return [{ error: message }, message]
  const { code, errors } = error
  const lines = errors.map(({ path, message }) => `${path.slice(1)} ${message}`.trim())
  return [{ error: message, code, errors }, lines.join('\n')]
}

async function addCommands(parent: Command, folder: URL, context: CommandContext): Promise<void> {
  const entries = readdirSync(folder, { withFileTypes: true }).filter(({ name }) => extname(name) !== '.map')
  for (const entry of entries.sort((a, b) => a.name.localeCompare(b.name))) {
    const command = parent.command(basename(entry.name, extname(entry.name)))
    if (entry.isDirectory()) {
      await addCommands(command, new URL(`${entry.name}/`, folder), context)
      command.description(command.commands.map((each) => each.name()).join(', '))
    } else {
      const { default: define } = (await import(new URL(entry.name, folder).href)) as { default: DefineCommand }
      define(command, context)
    }
  }
}
