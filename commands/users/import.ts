import { type FileHandle, open as openFile } from 'node:fs/promises'
import { Option } from 'commander'
import type { DefineCommand } from '../../src/cli/command-line.ts'
import { countOf } from '../../src/plural.ts'
import { toJson } from '../../src/printable.ts'
import { dryRunImport, type Imported, importUsers } from '../../src/transfer/import.ts'
import { FORMATS, type Format, formatOf, type RefusedRecord, readRecords } from '../../src/transfer/records.ts'

interface Options {
  format?: Format
  dryRun?: boolean
  report?: string
  ignoreUnknown?: boolean
}

const importing: DefineCommand = (command, { terminal, open, progress: show, answer }) => {
  command
    .description('import accounts with their password hashes; can be run again after an interruption')
    .argument('<file>', 'JSON lines or CSV; - for standard input')
    .addOption(new Option('--format <format>', 'by default, from the name of the file').choices(FORMATS))
    .option('--dry-run', 'show what would be imported and refused, and change nothing')
    .option('--report <file>', 'write refused accounts and reasons to a new file, as JSON lines')
    .option('--ignore-unknown', 'ignore unknown keys, instead of refusing the account')
    .action(async (file: string, { format = formatOf(file), dryRun, report: path, ignoreUnknown = false }: Options) => {
      const { audit, database } = await open()
      const accounts = file === '-' ? undefined : await openFile(file)
      let report: FileHandle | undefined
      const take = dryRun ? dryRunImport : importUsers
      let sum: Imported
      try {
        // `wx` refuses to overwrite a file, such as the input.
        if (path !== undefined) report = await openFile(path, 'wx', 0o600)
        sum = await take(readRecords(accounts?.createReadStream() ?? terminal.stdin, { format, ignoreUnknown }), {
          openDatabase: database.open,
          refuse: (refusal) => writeRefusal(report, refusal),
          progress: ({ read }) => show(`${countOf(read, 'account')} read`)
        })
      } finally {
        await accounts?.close()
        await report?.close()
      }
      const { read, imported, already_there, refused } = sum
      if (!dryRun) audit.record('operator', 'users imported', { detail: { count: imported } })
      const outcome = `${countOf(read, 'account')} read: ${imported} ${dryRun ? 'would be imported' : 'imported'}, ${already_there} already there, ${refused} refused.`
      const advice = refused > 0 && path === undefined ? '\nUse --report FILE to see the reasons.' : ''
      answer({ ...sum, dry_run: dryRun === true }, outcome + advice, refused > 0 ? 1 : 0)
    })
}

async function writeRefusal(report: FileHandle | undefined, refusal: RefusedRecord): Promise<void> {
  await report?.appendFile(`${toJson(refusal)}\n`)
}

export default importing
