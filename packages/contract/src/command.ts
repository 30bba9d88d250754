import { Command, CommanderError } from 'commander'
import { checkContract, TargetError } from './check-contract.ts'
import { DialectError, readDialect } from './dialect.ts'
import { renderProgress, renderReport } from './render.ts'

interface Stream {
  isTTY?: boolean
  columns?: number
  write(text: string): unknown
}

export interface Streams {
  stdout: Stream
  stderr: Stream
}

/**
 * Runs the command line.
 * @returns the exit code: 0 kept, 1 not kept, 2 could not be checked
 */
export async function runContract(words: string[], { stdout, stderr }: Streams): Promise<number> {
  const progress = progressOn(stderr)
  let exitCode = 0
  const program = new Command('contract')
    .description('Checks whether a service keeps the contract. Exit codes: 0 kept, 1 not kept, 2 not checked.')
    .argument('<url>', 'its URL, such as http://127.0.0.1:8000; needs LIMITS=off')
    .option('--core', 'check only the core: what every implementation of the small API does')
    .option('--dialect <file>', 'JSON with deliberate differences; needs --core')
    .option('--json', 'print the report as one JSON document')
    .exitOverride()
    .configureOutput({ writeOut: (text) => stdout.write(text), writeErr: (text) => stderr.write(text) })
    .action(async (url: string, { core, dialect, json }: { core?: true; dialect?: string; json?: true }) => {
      const options = { ...(core && { core }), ...(dialect !== undefined && { dialect: readDialect(dialect) }) }
      const onExpectation: typeof progress.tell = (section, expectation) => progress.tell(section, expectation)
      const report = await checkContract(url, { ...options, onExpectation })
      progress.clear()
      stdout.write(json ? `${JSON.stringify(report)}\n` : renderReport(report, stdout.isTTY === true))
      exitCode = report.kept ? 0 : 1
    })
  try {
    await program.parseAsync(words, { from: 'user' })
    return exitCode
  } catch (error) {
    progress.clear()
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    if (!(error instanceof TargetError || error instanceof DialectError)) throw error
    stderr.write(`contract: ${error.message}\n`)
    return 2
  }
}

/** A line of progress that is overwritten; only on a terminal. */
function progressOn(stream: Stream) {
  const clear = () => stream.isTTY && stream.write('\r\u001b[2K')
  return {
    clear,
    tell(...told: Parameters<typeof renderProgress>) {
      if (stream.isTTY) stream.write(`\r\u001b[2K${renderProgress(...told).slice(0, (stream.columns ?? 80) - 1)}`)
    }
  }
}
