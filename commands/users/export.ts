import { Option } from 'commander'
import { writeNewFile } from '../../src/cli/atomic-file.ts'
import type { DefineCommand } from '../../src/cli/command-line.ts'
import { checkWritable } from '../../src/database/database.ts'
import { countOf } from '../../src/plural.ts'
import { exportUsers } from '../../src/transfer/export.ts'
import { FORMATS, type Format, formatOf } from '../../src/transfer/records.ts'

interface Options {
  format?: Format
  forSpreadsheets?: boolean
}

const HELP = `
Users chose the content of CSV cells, which may begin with = + - or @: a spreadsheet evaluates such a cell as a formula.
For a spreadsheet, use --for-spreadsheets; users import does not accept such a file.`

const exporting: DefineCommand = (command, { open, progress, answer }) => {
  command
    .description('export all accounts with their password hashes, for users import')
    .argument('<file>', 'JSON lines or CSV; must not exist')
    .addOption(new Option('--format <format>', 'by default, from the name of the file').choices(FORMATS))
    .option('--for-spreadsheets', 'mark CSV cells that look like a formula as text, with an apostrophe')
    .addHelpText('after', HELP)
    .action(async (file: string, { format = formatOf(file), forSpreadsheets = false }: Options) => {
      if (forSpreadsheets && format !== 'csv') command.error("error: option '--for-spreadsheets' needs CSV")
      const { audit, database } = await open()
      // No hash is exported if the audit log could not record it afterwards.
      await checkWritable(database.open())
      let exported = 0
      await writeNewFile(file, async function* () {
        for await (const { text, accounts } of exportUsers(database.open, format, forSpreadsheets)) {
          exported += accounts
          progress(`${countOf(exported, 'account')} written`)
          yield text
        }
      })
      audit.record('operator', 'users exported', { detail: { count: exported } })
      answer(
        { exported, file },
        `${countOf(exported, 'account')} written to ${file}, including their password hashes; only its owner can read it.`
      )
    })
}

export default exporting
