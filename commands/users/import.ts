import { type FileHandle, open as openFile } from 'node:fs/promises'
import { Option } from 'commander'
import type { DefineCommand } from '../../src/cli/command-line.ts'
import { showProgress } from '../../src/cli/progress.ts'
import { toJson } from '../../src/printable.ts'
import { dryRunImport, type Imported, importUsers } from '../../src/transfer/import.ts'
import { FORMATS, type Format, formatOf, type Refusal, readRecords } from '../../src/transfer/records.ts'

interface Options {
  format?: Format
  dryRun?: boolean
  report?: string
  ignoreUnknown?: boolean
}

const importing: DefineCommand = (command, { terminal, open, answer }) => {
  command
    .description('take over accounts with their password hashes; run again after a break, it goes on where it was')
    .argument('<file>', 'JSON lines or CSV; - is standard input')
    .addOption(new Option('--format <format>', 'otherwise told by the name of the file').choices(FORMATS))
    .option('--dry-run', 'say what would be taken and refused, and change nothing')
    .option('--report <file>', 'write there what was refused and why, a JSON object a line')
    .option('--ignore-unknown', 'leave out what is not known of an account, instead of refusing it')
    .action(async (file: string, { format = formatOf(file), dryRun, report: path, ignoreUnknown = false }: Options) => {
      const { audit, database } = await open()
      const accounts = file === '-' ? undefined : await openFile(file)
      let report: FileHandle | undefined
      const progress = showProgress(terminal)
      const take = dryRun ? dryRunImport : importUsers
      let sum: Imported
      try {
        // Nothing is overwritten, the accounts themselves least of all.
        if (path !== undefined) report = await openFile(path, 'wx', 0o600)
        sum = await take(readRecords(accounts?.createReadStream() ?? terminal.stdin, { format, ignoreUnknown }), {
          openDatabase: database.open,
          refuse: (refusal) => note(report, refusal),
          progress: ({ read }) => progress.show(`${read} accounts read`)
        })
      } finally {
        await accounts?.close()
        await report?.close()
      }
      progress.end()
      const { read, imported, already_there, refused } = sum
      if (!dryRun) audit.record('operator', 'users imported', { detail: { count: imported } })
      const outcome = `${read} accounts read: ${imported} ${dryRun ? 'would be imported' : 'imported'}, ${already_there} already there, ${refused} refused.`
      const advice = refused > 0 && path === undefined ? '\nTo learn why, run it again with --report FILE.' : ''
      answer({ ...sum, dry_run: dryRun === true }, outcome + advice, refused > 0 ? 1 : 0)
    })
}

async function note(report: FileHandle | undefined, refusal: Refusal): Promise<void> {
  await report?.appendFile(`${toJson(refusal)}\n`)
}

export default importing
