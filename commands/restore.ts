import { open as openFile } from 'node:fs/promises'
import { inWords } from '../src/backup.ts'
import { readPassphrase } from '../src/backup-passphrase.ts'
import { unpackRecords } from '../src/backup-records.ts'
import { openStream } from '../src/backup-seal.ts'
import { systemClock } from '../src/clock.ts'
import type { DefineCommand } from '../src/command-line.ts'
import { readConfig } from '../src/config.ts'
import { createDatabase } from '../src/database.ts'
import { openPool } from '../src/open-pool.ts'
import { checkBackup, countHeld, type Held, isEmpty, openBackup, restoreBackup } from '../src/restore.ts'
import { generatedSecret } from '../src/secrets.ts'
import { countOf, showProgress } from '../src/terminal.ts'

/** How long it may take, in milliseconds. */
const PATIENCE = 24 * 3_600_000

const NOTHING: Held = { users: 0, records: 0 }

interface Options {
  replace?: boolean
  dryRun?: boolean
}

const restore: DefineCommand = (command, { terminal, given, answer }) => {
  command
    .description('put a backup in the place of everything, all or nothing; its passphrase as for backup')
    .argument('<file>', 'what backup has written')
    .option('--replace', 'also where the database holds accounts or a record, which are lost')
    .option('--dry-run', 'read the whole file, tell what is in it, and change nothing')
    .action(async (file: string, { replace = false, dryRun = false }: Options) => {
      const passphrase = await readPassphrase(terminal)
      const input = await openFile(file)
      try {
        const { config = readConfig(terminal.environment), clock = systemClock, pglite } = given
        const backup = await openBackup(unpackRecords(openStream(input.createReadStream(), passphrase)))
        const { pool, close } = await openPool(config, (line) => terminal.stderr.write(`${line}\n`), pglite)
        try {
          const database = createDatabase(pool, PATIENCE)
          const progress = showProgress(terminal)
          const show = (rows: number) => progress.show(`${countOf(rows, 'row')} read`)
          const secrets = { current: config.SECRET_KEY ?? generatedSecret(config.DATA_DIR) }
          const holds = dryRun ? await countHeld(database) : NOTHING
          const restored = dryRun
            ? await checkBackup(backup, show)
            : await restoreBackup(database, backup, { clock, secrets, replace, progress: show })
          progress.end()
          const { manifest, counts } = restored
          const what = `${inWords(counts)}, of ${manifest.made_at}`
          const value = { ...manifest, rows: counts, restored: !dryRun }
          if (!dryRun) answer(value, `${what}: restored.`)
          else {
            const text = `${what}: would be restored, and nothing is changed.${tell(holds, replace)}`
            answer({ ...value, holds }, text, replace || isEmpty(holds) ? 0 : 1)
          }
        } finally {
          await close()
        }
      } finally {
        await input.close()
      }
    })
}

function tell(holds: Held, replace: boolean): string {
  if (isEmpty(holds)) return ''
  const what = `${countOf(holds.users, 'account')} and ${countOf(holds.records, 'record')} of the audit`
  return replace ? `\n${what} would be lost.` : `\nThe database holds ${what}: it takes --replace, and loses them.`
}

export default restore
