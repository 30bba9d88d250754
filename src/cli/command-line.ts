import { readdirSync } from 'node:fs'
import { basename, extname } from 'node:path'
import { Command, CommanderError } from 'commander'
import type { FastifyInstance } from 'fastify'
import type { AppOptions } from '../app-options.ts'
import { type Config, readConfig } from '../config/config.ts'
import { ENV_FILE } from '../config/env-file.ts'
import { isReadOnly } from '../database/database.ts'
import { nameDatabase } from '../database/existing-database.ts'
import { READ_ONLY_MESSAGE } from '../database/postgres.ts'
import { Problem } from '../errors.ts'
import { escaping, toJson, visible } from '../printable.ts'
import { VERSION } from '../version.ts'
import { createProgress } from './progress.ts'
import { confirmed, type Terminal } from './terminal.ts'

/** The default export of a file in commands/: defines the description, the options and the action of the command. */
export type DefineCommand = (command: Command, context: CommandContext) => void

/** The means of a command. */
export interface CommandContext {
  terminal: Terminal
  /** Replaces parts of the application in tests. */
  given: AppOptions
  /** The URL of the module that starts the service when it is imported. */
  server: string
  /** Reads the configuration, and prints the name of its database to standard error. */
  config(): Config
  /**
   * Opens the application without its routes, on an existing database. It is closed when the command ends.
   *
   * @throws NoDatabase if the database does not exist
   */
  open(): Promise<FastifyInstance>
  /**
   * Whether to do something irreversible: true with --yes, or if it is confirmed on a terminal. With --json nobody is asked:
   * the reader of the output is a program.
   *
   * @param consequence describes what will happen
   */
  confirm(consequence: string): Promise<boolean>
  /** Prints a note to standard error. */
  note(text: string): void
  /** Shows how far a long command is, on a terminal and without --json. */
  progress(state: string): void
  /**
   * Prints the result: the text or, with --json, the value.
   *
   * @param exitCode 1 if the operation was refused or found a problem
   */
  answer(value: unknown, text: string, exitCode?: 0 | 1): void
}

/** Printed if a command was not confirmed. */
export const UNCONFIRMED = '\nNothing was changed: confirm with --yes.'

/**
 * Runs a command. Each file in commands/ is one: `keys rotate` is commands/keys/rotate.ts.
 *
 * @param args the arguments, without the name of the program
 * @param server the URL of the module that starts the service when it is imported
 * @returns the exit code: 0 success, 1 refused or problem found, 2 usage error
 */
export async function runCommand(
  args: string[],
  terminal: Terminal,
  server: string,
  given: AppOptions = {}
): Promise<number> {
  const { stdout } = terminal
  const progress = createProgress(terminal)
  const opened: FastifyInstance[] = []
  let exitCode = 0

  const program = new Command('latchkey')
    .description('Operates a Latchkey service: its accounts, signing keys, audit log and backups.')
    .option('--json', 'print the result as one JSON document, and do not ask for confirmation: see --yes')
    .option('--yes', 'confirm what cannot be undone')
    .option(...ENV_FILE)
    .version(VERSION, '-V, --version', 'show the version')
    .configureOutput({ writeOut: (text) => stdout.write(text), writeErr: (text) => isJson() || say(visible(text)) })
    .exitOverride()
    .showHelpAfterError('(see --help)')
  const isJson = (): boolean => program.opts().json === true
  const format = (value: unknown, text: string) => `${isJson() ? toJson(value) : visible(text)}\n`

  function say(text: string): void {
    progress.clear()
    terminal.stderr.write(text)
  }

  function configuration(): Config {
    const config = given.config ?? readConfig(terminal.environment)
    const database = nameDatabase(config)
    say(format({ database }, `database: ${database}`))
    return config
  }

  await addCommands(program, new URL('../../commands/', import.meta.url), {
    terminal,
    given,
    server,
    config: configuration,
    async open() {
      // Loads most of the service, which takes as long as all else of a command.
      const { openHeadlessApp } = await import('./headless-app.ts')
      const log = escaping({ write: say })
      const headless = await openHeadlessApp({ ...given, config: configuration(), existing: true }, log)
      opened.push(headless)
      return headless
    },
    confirm: async (consequence) =>
      program.opts().yes === true || (!isJson() && (await confirmed(terminal, consequence))),
    note: (text) => say(format({ note: text }, text)),
    progress: (state) => isJson() || progress.show(state),
    answer(value, text, code = 0) {
      progress.clear()
      stdout.write(format(value, text))
      exitCode = code
    }
  })

  function failed(error: Error): number {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return 0
      // Commander has printed the text.
      if (isJson()) say(format({ error: usageError(error) }, ''))
      return 2
    }
    say(format(...failure(error)))
    return 1
  }

  const outcome = await program.parseAsync(args, { from: 'user' }).then(() => exitCode, failed)
  for (const headless of opened) await headless.close()
  return outcome
}

/** The output for an error, with --json and as text: all faults of a Problem, otherwise its message. */
function failure(error: Error): [value: object, text: string] {
  // Errors of the embedded file system have no message.
  const message = isReadOnly(error) ? `The database ${READ_ONLY_MESSAGE}.` : String(error.message)
  if (error instanceof Problem && error.code === 'LAST_ADMIN') {
    return [{ error: message, code: error.code }, `${message} Use --force to do it all the same.`]
  }
  if (!(error instanceof Problem && error.errors)) return [{ error: message }, message]
  const { code, errors } = error
  const lines = errors.map(({ path, message }) => `${path.slice(1)} ${message}`.trim())
  return [{ error: message, code, errors }, lines.join('\n')]
}

/** The output for settings that cannot be read, which precedes every command. */
export function settingsFailure(args: string[], { message }: Error): string {
  const text = `latchkey cannot read its settings. ${message}`
  return `${args.includes('--json') ? toJson({ error: text }) : visible(text)}\n`
}

/** The message of a usage error. A command that is missing has none: commander prints the help instead. */
const usageError = ({ code, message }: CommanderError) =>
  code === 'commander.help' ? 'a command is missing' : message.replace(/^error: /, '')

async function addCommands(parent: Command, folder: URL, context: CommandContext): Promise<void> {
  // A build also has source maps, and may have declarations.
  const entries = readdirSync(folder, { withFileTypes: true }).filter(({ name }) => !/\.(?:map|d\.ts)$/.test(name))
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
