import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { atExit } from '@latchkey/compare/measure/at-exit'
import { endingWith } from '@latchkey/compare/measure/ending'
import { ServiceError } from '@latchkey/compare/measure/load'
import { messageOf, Refusal } from '@latchkey/compare/refusal'
import { checkOutputs, type Outputs, outputsOf, writeOutputs } from '@latchkey/compare/report/outputs'
import { showProgress } from '@latchkey/compare/report/progress'
import { published } from '@latchkey/compare/report/published'
import { changes, tellChange } from '@latchkey/compare/report/regression'
import type { Result } from '@latchkey/compare/report/result'
import { stripControls } from '@latchkey/compare/report/strip-controls'
import { toText } from '@latchkey/compare/report/table'
import type { Streams } from '@latchkey/contract/command'
import { CommanderError } from 'commander'
import { curveText } from './curves.ts'
import { measure } from './measure.ts'
import { amounts, benchCommand, type Options } from './options.ts'
import { BUILT, ProgramError, type Programs } from './programs.ts'
import { difference, lastResult, nextFile, readBench } from './results.ts'
import { openStores } from './stores.ts'

/** The dependencies of the command line, which tests replace. */
interface Surroundings {
  programs: Programs
  stores: typeof openStores
  /** The directory of the results. */
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
 * Runs the command line.
 * @returns the exit code: 0 nothing got worse, 1 something did or the service answered wrongly, 2 for invalid
 *   arguments, an unusable file or database, or a service that did not start or stop
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
    const code = codeOf(error)
    stderr.write(stripControls(`bench: ${messageOf(error)}\n`))
    return code
  }
}

/** @throws the error itself if it is a defect of the program */
function codeOf(error: unknown): number {
  if (error instanceof ServiceError) return 1
  if (error instanceof Refusal || error instanceof ProgramError) return 2
  throw error
}

interface Run extends Surroundings, Streams {
  words: string[]
  options: Options
}

/** Checks all input before the measurement, which takes long. */
async function run(bench: Run): Promise<number> {
  const { options, stdout, stderr, results } = bench
  const say = (text: string) => stdout.write(stripControls(text))
  const at = bench.now()
  const { save, from } = options
  const saved = save ? [nextFile(results, at)] : []
  const { json, html } = outputsOf(options)
  const outputs: Outputs = { json: [...json, ...saved], html }
  const earlier = from === undefined ? undefined : readBench('--from', from)
  const tell = (what: string) => stderr.write(stripControls(`bench: ${what}\n`))
  const last = resultBefore(options, earlier?.settings ?? amounts(options).settings, results, tell)
  checkOutputs(outputs)
  const result = earlier ?? (await measureAll(bench, at))
  say(`${[toText(result), ...result.curves.map(curveText)].join('\n\n')}\n\n`)
  writeOutputs(outputs, result)
  for (const file of saved) say(`Kept as ${file}.\n`)
  if (!last) {
    say('There is no earlier result that was measured in this way.\n')
    return 0
  }
  const change = changes(result, last)
  say(`${tellChange(change, last)}\n`)
  return change.worse.length > 0 ? 1 : 0
}

/** The result to compare with. */
function resultBefore(
  { against, from }: Options,
  settings: Result['settings'],
  results: string,
  tell: (what: string) => void
): Result | undefined {
  if (against === undefined) return lastResult(results, settings, tell, from)
  const result = readBench('--against', against)
  const other = difference(settings, result.settings)
  if (other === undefined) return result
  throw new Refusal(`--against: ${against} was measured in another way: ${other}`)
}

async function measureAll(bench: Run, at: Date): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-bench-'))
  const remove = atExit(() => rmSync(folder, { recursive: true, force: true }))
  return endingWith(() => measureIn(folder, bench, at), remove)
}

async function measureIn(folder: string, { words, options, stderr, programs, stores }: Run, at: Date): Promise<Result> {
  const opened = await stores(options.database, folder)
  const showing = () => showProgress(stderr as NodeJS.WriteStream)
  const measured = () =>
    measure({
      ...amounts(options),
      stores: opened,
      place: { programs, folder },
      at,
      command: published('npm run bench --', words.map(withoutDatabase)),
      progress: () => showing().show
    })
  return endingWith(measured, () => {
    showing().end()
    return opened.close()
  })
}

/** Results are published, and the URL of a database may contain a password. */
const withoutDatabase = (word: string) => word.replace(/postgres(?:ql)?:.*/, 'postgres://…')
