import { Option } from 'commander'
import { writeNewFile } from '../../src/cli/atomic-file.ts'
import type { DefineCommand } from '../../src/cli/command-line.ts'
import { showProgress } from '../../src/cli/progress.ts'
import { checkWritable } from '../../src/database/database.ts'
import { exportUsers } from '../../src/transfer/export.ts'
import { FORMATS, type Format, formatOf } from '../../src/transfer/records.ts'

interface Options {
  format?: Format
  forSpreadsheets?: boolean
}

const HELP = `
Cells of CSV are as people chose them, and may begin with = + - or @: a program for spreadsheets takes that for a formula
and runs it. Give it a file that was written with --for-spreadsheets, which users import does not take back.`

const exporting: DefineCommand = (command, { terminal, open, answer }) => {
  command
    .description('write all accounts to a file that users import reads, with their password hashes')
    .argument('<file>', 'JSON lines or CSV, which must not be there yet')
    .addOption(new Option('--format <format>', 'otherwise told by the name of the file').choices(FORMATS))
    .option('--for-spreadsheets', 'mark as text, with an apostrophe, cells of CSV that begin like a formula')
    .addHelpText('after', HELP)
    .action(async (file: string, { format = formatOf(file), forSpreadsheets = false }: Options) => {
      if (forSpreadsheets && format !== 'csv') command.error("error: option '--for-spreadsheets' needs CSV")
      const { audit, database } = await open()
      // Where it could not be put on record afterwards, no hash leaves.
      await checkWritable(database.open())
      const progress = showProgress(terminal)
      let exported = 0
      await writeNewFile(file, async function* () {
        for await (const { text, accounts } of exportUsers(database.open, format, forSpreadsheets)) {
          exported += accounts
          progress.show(`${exported} accounts written`)
          yield text
        }
      })
      progress.end()
      audit.record('operator', 'users exported', { detail: { count: exported } })
      answer(
        { exported, file },
        `${exported} accounts written to ${file}, which has their password hashes: only its owner can read it.`
      )
    })
}

export default exporting
