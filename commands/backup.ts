import { type Counts, readBackup, summarize, TABLES } from '../src/backups/backup.ts'
import { encryptStream } from '../src/backups/encryption.ts'
import { type BackupRecord, packRecords } from '../src/backups/framing.ts'
import { writeNewFile } from '../src/cli/atomic-file.ts'
import type { DefineCommand } from '../src/cli/command-line.ts'
import { choosePassphrase } from '../src/cli/passphrase.ts'
import { countOf } from '../src/plural.ts'
import { readSecrets } from '../src/secrets/secret-file.ts'

/** The timeout of the transaction, in milliseconds. */
const TIMEOUT = 24 * 3_600_000

const backup: DefineCommand = (command, { terminal, open, progress, answer }) => {
  command
    .description('back up all data to a file, encrypted with a passphrase')
    .argument('<file>', 'must not exist')
    .addHelpText('after', '\nThe passphrase is read from BACKUP_PASSPHRASE, the terminal, or standard input.')
    .action(async (file: string) => {
      const passphrase = await choosePassphrase(terminal)
      const { audit, config, database } = await open()
      const counts: Counts = Object.fromEntries(TABLES.map((table) => [table, 0]))
      let rows = 0
      async function* counted(records: AsyncIterable<BackupRecord>) {
        for await (const record of records) {
          yield record
          if (counts[record.name] === undefined) continue
          counts[record.name] = (counts[record.name] as number) + record.count
          rows += record.count
          progress(`${countOf(rows, 'row')} written`)
        }
      }
      await readBackup(database.open(TIMEOUT), readSecrets(config), (records) =>
        writeNewFile(file, () => encryptStream(packRecords(counted(records)), passphrase))
      )
      audit.record('operator', 'backup made', { detail: { count: counts.users as number } })
      answer(
        { file, rows: counts },
        `${summarize(counts)} written to ${file}. The file and the passphrase together give access to everything.`
      )
    })
}

export default backup
