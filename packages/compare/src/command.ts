import { TargetError } from '@latchkey/contract/check-contract'
import type { Streams } from '@latchkey/contract/command'
import { DialectError, readDialect } from '@latchkey/contract/dialect'
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { check } from './check.ts'
import { compareTargets } from './measure/comparison.ts'
import { ServiceError } from './measure/load.ts'
import type { Settings } from './measure/measures.ts'
import { type Choice, choice, type Target, target, withChoices } from './measure/targets.ts'
import { messageOf, Refusal } from './refusal.ts'
import { harmless } from './report/harmless.ts'
import { checkOutputs, outputsOf, writeOutputs } from './report/outputs.ts'
import { showProgress } from './report/progress.ts'
import { published } from './report/published.ts'
import { type Result, readResult } from './report/result.ts'
import { toText } from './report/table.ts'
import { seconds } from './seconds.ts'
import { wholeNumber } from './whole-number.ts'

interface Options extends Settings {
  start: Choice[]
  dialect: Choice[]
  retries: number
  json?: string
  html?: string
  from?: string
}

/**
 * Does what the command line asks for.
 * @returns the exit code: 0 measured, 1 a service did not do what it has to, 2 it could not be measured
 */
export async function runCompare(words: string[], { stdout, stderr }: Streams): Promise<number> {
  const program = commandLine()
    .exitOverride()
    .configureOutput({ writeOut: (text) => stdout.write(text), writeErr: (text) => stderr.write(text) })
    .action(async (targets: Target[], { json, html, from, ...options }: Options) => {
      const outputs = outputsOf({ json, html })
      checkOutputs(outputs)
      const result = from === undefined ? await measure(targets, options, words, stderr) : earlier(from, targets)
      stdout.write(harmless(`${toText(result)}\n`))
      writeOutputs(outputs, result)
    })
  try {
    await program.parseAsync(words, { from: 'user' })
    return 0
  } catch (error) {
    // Those of the command line's own were told by commander; those of the action were not.
    if (error instanceof CommanderError && !(error instanceof InvalidArgumentError)) return error.exitCode === 0 ? 0 : 2
    const code = codeOf(error)
    stderr.write(harmless(`compare: ${messageOf(error)}\n`))
    return code
  }
}

/** What means nothing where nothing is measured. */
const OF_MEASURING = ['start', 'dialect', 'rounds', 'seconds', 'connections', 'clients', 'storm', 'cost', 'retries']

const commandLine = () =>
  new Command('compare')
    .description(
      'Measures services that keep the same contract, side by side: 0 measured, 1 one does not do what it has to, 2 could not be measured.'
    )
    .argument('[targets...]', 'NAME=URL of each, with LIMITS=off; ratios are to the first', target, [])
    .option(
      '--start <NAME=COMMAND>',
      'start this target so, and measure how long that takes; again for others',
      choice,
      []
    )
    .option('--dialect <NAME=FILE>', 'where this target differs by choice: paths, keys, statuses', choice, [])
    .option('--rounds <number>', 'how often everything is measured', wholeNumber(1, 100), 5)
    .option('--seconds <number>', 'about how long each measurement takes', seconds, 4)
    .option('--connections <number>', 'connections that ask for /secret', wholeNumber(1, 1000), 50)
    .option('--clients <number>', 'clients that sign in or register at once', wholeNumber(1, 200), 16)
    .option('--storm <number>', 'logins in flight in the storm', wholeNumber(1, 200), 32)
    .option('--cost <number>', 'cost of the bcrypt that is measured alone', wholeNumber(4, 15), 12)
    .option('--retries <number>', 'how often a measurement is taken again that others disturbed', wholeNumber(0, 10), 1)
    .option('--json <file>', 'write the result there')
    .option('--html <file>', 'write a page for people there')
    .addOption(
      new Option('--from <file>', 'measure nothing: tell an earlier result, written with --json').conflicts(
        OF_MEASURING
      )
    )
    .showHelpAfterError('(--help says what there is)')

async function measure(
  given: Target[],
  { start, dialect, ...settings }: Options,
  words: string[],
  stderr: Streams['stderr']
): Promise<Result> {
  if (given.length === 0) throw new Refusal('name at least one target, such as go=http://127.0.0.1:8080')
  const targets = withChoices(given, { start, dialect })
  for (const { dialect } of targets) if (dialect !== undefined) readDialect(dialect)
  const progress = showProgress(stderr as NodeJS.WriteStream)
  const command = published('npm run compare --', words)
  return compareTargets({ targets, settings, command, check, progress: progress.show }).finally(progress.end)
}

function earlier(file: string, targets: Target[]): Result {
  if (targets.length > 0) throw new Refusal('--from measures nothing: leave the targets out')
  try {
    return readResult(file)
  } catch (error) {
    throw new Refusal(`--from: ${messageOf(error)}`)
  }
}

/** @throws what is no fault of a service, nor of the one who asks */
function codeOf(error: unknown): number {
  if (error instanceof ServiceError) return 1
  if ([InvalidArgumentError, Refusal, TargetError, DialectError].some((kind) => error instanceof kind)) return 2
  throw error
}
