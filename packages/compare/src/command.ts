import { TargetError } from '@latchkey/contract/check-contract'
import type { Streams } from '@latchkey/contract/command'
import { DialectError, readDialect } from '@latchkey/contract/dialect'
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { check } from './check.ts'
import { compareTargets } from './measure/comparison.ts'
import { ServiceError } from './measure/load.ts'
import type { Settings } from './measure/measures.ts'
import { type Choice, choice, type Target, target, withChoices } from './measure/targets.ts'
import { type Opened, openPeers } from './peers/open.ts'
import { PEER_NAMES } from './peers/peers.ts'
import { messageOf, Refusal } from './refusal.ts'
import { checkOutputs, outputsOf, writeOutputs } from './report/outputs.ts'
import { showProgress } from './report/progress.ts'
import { published } from './report/published.ts'
import { type Result, readResult } from './report/result.ts'
import { stripControls } from './report/strip-controls.ts'
import { toText } from './report/table.ts'
import { seconds } from './seconds.ts'
import { wholeNumber } from './whole-number.ts'

interface Options extends Settings {
  start: Choice[]
  dialect: Choice[]
  retries: number
  json?: string
  html?: string
  svg?: string
  markdown?: string
  from?: string
  peers?: true
  database?: URL
}

/**
 * Runs the command line.
 * @param open prepares the peers
 * @returns the exit code: 0 measured, 1 a service does not keep the contract, 2 could not be measured
 */
export async function runCompare(words: string[], { stdout, stderr }: Streams, open = openPeers): Promise<number> {
  const program = commandLine()
    .exitOverride()
    .configureOutput({ writeOut: (text) => stdout.write(text), writeErr: (text) => stderr.write(text) })
    .action(async (targets: Target[], { json, html, svg, markdown, from, ...options }: Options) => {
      const outputs = outputsOf({ json, html, svg, markdown })
      checkOutputs(outputs)
      const result = from === undefined ? await measure(targets, options, words, stderr, open) : earlier(from, targets)
      stdout.write(stripControls(`${toText(result)}\n`))
      writeOutputs(outputs, result)
    })
  try {
    await program.parseAsync(words, { from: 'user' })
    return 0
  } catch (error) {
    // Commander has printed its own errors, but not those of the action.
    if (error instanceof CommanderError && !(error instanceof InvalidArgumentError)) return error.exitCode === 0 ? 0 : 2
    const code = codeOf(error)
    stderr.write(stripControls(`compare: ${messageOf(error)}\n`))
    return code
  }
}

/** Options that conflict with --from, which measures nothing. */
const OF_MEASURING = [
  'peers',
  'database',
  'start',
  'dialect',
  'rounds',
  'seconds',
  'connections',
  'clients',
  'storm',
  'cost',
  'retries'
]

const commandLine = () =>
  new Command('compare')
    .description(
      'Measures services that keep the same contract, side by side. Exit codes: 0 measured, 1 a service does not keep the contract, 2 not measured.'
    )
    .argument('[targets...]', 'NAME=URL of each, with LIMITS=off; ratios are to the first', target, [])
    .option('--start <NAME=COMMAND>', 'start this target with a command, and measure its start; repeatable', choice, [])
    .option(
      '--dialect <NAME=FILE>',
      'deliberate differences of this target: paths, keys, statuses; repeatable',
      choice,
      []
    )
    .option('--peers', 'start Latchkey and the peers in packages/compare/peers, and measure them before other targets')
    .option(
      '--database <url>',
      'the PostgreSQL on which --peers creates databases; otherwise TEST_DATABASE_URL, or a temporary one',
      database
    )
    .option('--rounds <number>', 'number of rounds', wholeNumber(1, 100), 5)
    .option('--seconds <number>', 'approximate duration of each measurement', seconds, 4)
    .option('--connections <number>', 'connections that request /secret', wholeNumber(1, 1000), 50)
    .option('--clients <number>', 'clients that sign in or register concurrently', wholeNumber(1, 200), 16)
    .option('--storm <number>', 'logins in flight in the storm', wholeNumber(1, 200), 32)
    .option('--cost <number>', 'cost of bcrypt alone', wholeNumber(4, 15), 12)
    .option(
      '--retries <number>',
      'how often to repeat a measurement that other processes disturbed',
      wholeNumber(0, 10),
      1
    )
    .option('--json <file>', 'write the result as JSON')
    .option('--html <file>', 'write the result as a page with charts')
    .option('--svg <file>', 'write the medians as a picture')
    .option('--markdown <file>', 'write the medians and their ratios as a table in Markdown')
    .addOption(
      new Option('--from <file>', 'do not measure: show an earlier result, written with --json').conflicts(OF_MEASURING)
    )
    .showHelpAfterError('(see --help)')

async function measure(
  given: Target[],
  { start, dialect, peers, database, ...settings }: Options,
  words: string[],
  stderr: Streams['stderr'],
  open: typeof openPeers
): Promise<Result> {
  if (given.length === 0 && !peers)
    throw new Refusal('name at least one target, such as go=http://127.0.0.1:8080, or add --peers')
  const chosen = withChoices(given, { start, dialect })
  for (const { dialect } of chosen) if (dialect !== undefined) readDialect(dialect)
  const reserved = peers && chosen.find(({ name }) => PEER_NAMES.includes(name))
  if (reserved) throw new Refusal(`--peers starts ${reserved.name}: give the other target another name`)
  const report = (what: string) => stderr.write(stripControls(`compare: ${what}\n`))
  const server = database?.href ?? process.env.TEST_DATABASE_URL
  const opened: Opened = peers ? await open({ server, report }) : { targets: [], versions: {}, close() {} }
  const { versions, close } = opened
  const targets = [...opened.targets, ...chosen]
  const progress = showProgress(stderr as NodeJS.WriteStream)
  const command = published('npm run compare --', words)
  const measured = compareTargets({ targets, versions, settings, command, check, progress: progress.show })
  return measured.finally(progress.end).finally(close)
}

/** @throws InvalidArgumentError if it is not the URL of a PostgreSQL server */
function database(text: string): URL {
  if (/^postgres(?:ql)?:/.test(text) && URL.canParse(text)) return new URL(text)
  throw new InvalidArgumentError('It must be a URL, such as postgres://postgres@127.0.0.1:5432/postgres.')
}

function earlier(file: string, targets: Target[]): Result {
  if (targets.length > 0) throw new Refusal('--from measures nothing: leave the targets out')
  try {
    return readResult(file)
  } catch (error) {
    throw new Refusal(`--from: ${messageOf(error)}`)
  }
}

/** @throws the error itself, if it is neither of a service nor of the user */
function codeOf(error: unknown): number {
  if (error instanceof ServiceError) return 1
  if ([InvalidArgumentError, Refusal, TargetError, DialectError].some((kind) => error instanceof kind)) return 2
  throw error
}
