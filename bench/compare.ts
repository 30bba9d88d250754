/**
 * Measures services that keep the same contract, side by side and round by round, and says how they stand to each other.
 *
 *   npm run compare -- typescript=http://127.0.0.1:3000 python=http://127.0.0.1:8000 go=http://127.0.0.1:8080
 *
 * `--help` says what else there is. It ends with 1 when a service does not keep the contract or answers with a status
 * that was not expected. Limits by client address have to be off.
 */
import { writeFileSync } from 'node:fs'
import { Command, CommanderError, InvalidArgumentError } from 'commander'
import { wholeNumber } from '../src/option-values.ts'
import { check } from './compare/check.ts'
import { compareTargets } from './compare/comparison.ts'
import type { Settings } from './compare/measures.ts'
import { toPage } from './compare/page.ts'
import { showProgress } from './compare/progress.ts'
import { readResult, writeResult } from './compare/result.ts'
import { toText } from './compare/table.ts'
import { type Choice, choice, type Target, target, withChoices } from './compare/targets.ts'

interface Options extends Settings {
  start: Choice[]
  dialect: Choice[]
  retries: number
  json?: string
  html?: string
  from?: string
}

const command = new Command('compare')
  .description('measure services that keep the same contract, side by side')
  .argument('[targets...]', 'NAME=URL of each; ratios are to the first', target, [])
  .option(
    '--start <NAME=COMMAND>',
    'start this target so, and measure how long that takes; again for others',
    choice,
    []
  )
  .option('--dialect <NAME=FILE>', 'where this target differs by choice: paths, keys, statuses', choice, [])
  .option('--rounds <number>', 'how often everything is measured', wholeNumber(1, 100), 5)
  .option('--seconds <number>', 'about how long each measurement takes', wholeNumber(1, 600), 4)
  .option('--connections <number>', 'connections that ask for /secret', wholeNumber(1, 1000), 50)
  .option('--clients <number>', 'clients that sign in or register at once', wholeNumber(1, 200), 16)
  .option('--storm <number>', 'logins in flight in the storm', wholeNumber(1, 200), 32)
  .option('--cost <number>', 'cost of the bcrypt that is measured alone', wholeNumber(4, 15), 12)
  .option('--retries <number>', 'how often a measurement is taken again that others disturbed', wholeNumber(0, 10), 1)
  .option('--json <file>', 'write the result there')
  .option('--html <file>', 'write a page for people there')
  .option('--from <file>', 'measure nothing: tell an earlier result, written with --json')
  .showHelpAfterError('(--help says what there is)')
  .action(async (targets: Target[], options: Options) => {
    const result = options.from === undefined ? await measure(targets, options) : readResult(options.from)
    process.stdout.write(`${toText(result)}\n`)
    if (options.json !== undefined) writeResult(options.json, result)
    if (options.html !== undefined) writeFileSync(options.html, toPage(result))
  })

async function measure(targets: Target[], { start, dialect, ...settings }: Options) {
  if (targets.length === 0)
    throw new InvalidArgumentError('Name at least one target, such as go=http://127.0.0.1:8080.')
  const progress = showProgress()
  return compareTargets({
    targets: withChoices(targets, { start, dialect }),
    settings,
    command: ['npm run compare --', ...process.argv.slice(2).map(quoted)].join(' '),
    check,
    progress: progress.show
  }).finally(progress.end)
}

const quoted = (word: string) => (/^[\w./:=-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`)

try {
  await command.parseAsync()
  process.exit(0)
} catch (error) {
  if (error instanceof CommanderError && !(error instanceof InvalidArgumentError)) throw error
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
  process.exit(1)
}
