import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CommanderError } from 'commander'
import { showProgress } from '../compare/progress.ts'
import { changes, tellChange } from '../compare/regression.ts'
import type { Result } from '../compare/result.ts'
import { toText } from '../compare/table.ts'
import type { Streams } from '../contract/command.ts'
import { atExit } from '../shared/at-exit.ts'
import { curveText } from './curves.ts'
import { measure } from './measure.ts'
import { amounts, benchCommand, type Options } from './options.ts'
import { checkOutputs, type Outputs, writeOutputs } from './outputs.ts'
import { BUILT, type Programs } from './programs.ts'
import { Refusal } from './refusal.ts'
import { difference, lastResult, nextFile, readBench } from './results.ts'
import { openStores } from './stores.ts'

/** What is measured and where results are kept; a test gives others. */
interface Surroundings {
  programs: Programs
  stores: typeof openStores
  /** The folder of the results. */
  results: string
  now: () => Date
}

const OURS: Surroundings = {
  programs: BUILT,
  stores: openStores,
  results: fileURLToPath(new URL('../results/', import.meta.url)),
  now: () => new Date()
}

/**
 * Does what the command line asks for.
 * @returns the exit code: 0 nothing got worse, 1 something did, 2 where the words, a file or a database are at fault
 */
export async function runBench(
  words: string[],
  { stdout, stderr }: Streams,
  given: Partial<Surroundings> = {}
): Promise<number> {
  let exitCode = 0
  const program = benchCommand()
    .exitOverride()
    .configureOutput({ writeOut: (text) => stdout.write(text), writeErr: (text) => stderr.write(text) })
    .action(async (options: Options) => {
      exitCode = await run({ words, options, stdout, stderr, ...OURS, ...given })
    })
  try {
    await program.parseAsync(words, { from: 'user' })
    return exitCode
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    if (!(error instanceof Refusal)) throw error
    stderr.write(`bench: ${error.message}\n`)
    return 2
  }
}

interface Run extends Surroundings, Streams {
  words: string[]
  options: Options
}

/** Whatever can be wrong is found before the measurement, which takes long. */
async function run(bench: Run): Promise<number> {
  const { options, stdout, results } = bench
  const at = bench.now()
  const { json, html, save, from } = options
  const saved = save ? [nextFile(results, at)] : []
  const outputs: Outputs = {
    json: [...(json === undefined ? [] : [json]), ...saved],
    html: html === undefined ? [] : [html]
  }
  const earlier = from === undefined ? undefined : readBench('--from', from)
  const last = resultBefore(options, earlier?.settings ?? amounts(options).settings, results)
  checkOutputs(outputs)
  const result = earlier ?? (await measureAll(bench, at))
  stdout.write(`${[toText(result), ...result.curves.map(curveText)].join('\n\n')}\n\n`)
  writeOutputs(outputs, result)
  for (const file of saved) stdout.write(`Kept as ${file}.\n`)
  if (!last) {
    stdout.write('There is no earlier result that was measured in this way.\n')
    return 0
  }
  const change = changes(result, last)
  stdout.write(`${tellChange(change, last)}\n`)
  return change.worse.length > 0 ? 1 : 0
}

/** What the result is compared with. */
function resultBefore({ against, from }: Options, settings: Result['settings'], results: string): Result | undefined {
  if (against === undefined) return lastResult(results, settings, from)
  const result = readBench('--against', against)
  const other = difference(settings, result.settings)
  if (other === undefined) return result
  throw new Refusal(`--against: ${against} was measured in another way: ${other}`)
}

async function measureAll(bench: Run, at: Date): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-bench-'))
  const remove = atExit(() => rmSync(folder, { recursive: true, force: true }))
  try {
    return await measureIn(folder, bench, at)
  } finally {
    remove()
  }
}

async function measureIn(folder: string, { words, options, stderr, programs, stores }: Run, at: Date): Promise<Result> {
  const opened = await stores(options.database, folder)
  const showing = () => showProgress(stderr as NodeJS.WriteStream)
  try {
    return await measure({
      ...amounts(options),
      stores: opened,
      place: { programs, folder },
      at,
      command: ['npm run bench --', ...words.map(withoutDatabase)].join(' '),
      progress: () => showing().show
    })
  } finally {
    showing().end()
    await opened.close()
  }
}

/** The result is there for all to read: the URL of a database may hold a password. */
const withoutDatabase = (word: string) => word.replace(/postgres(?:ql)?:.*/, 'postgres://…')
