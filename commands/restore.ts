import { open as openFile } from 'node:fs/promises'
import { inWords } from '../src/backups/backup.ts'
import { decryptStream } from '../src/backups/encryption.ts'
import { unpackRecords } from '../src/backups/framing.ts'
import { checkBackup, countHeld, type Held, isEmpty, openBackup, restoreBackup } from '../src/backups/restore.ts'
import { type DefineCommand, UNCONFIRMED } from '../src/cli/command-line.ts'
import { readPassphrase } from '../src/cli/passphrase.ts'
import { showProgress } from '../src/cli/progress.ts'
import { systemClock } from '../src/clock.ts'
import { createDatabase } from '../src/database/database.ts'
import { hasEmbedded, nameDatabase } from '../src/database/existing-database.ts'
import { openPool } from '../src/database/open-pool.ts'
import { countOf } from '../src/plural.ts'
import { generatedSecret } from '../src/secrets/secret-file.ts'

/** How long it may take, in milliseconds. */
const TIMEOUT = 24 * 3_600_000

const NOTHING: Held = { users: 0, records: 0 }

interface Options {
  replace?: boolean
  dryRun?: boolean
}

const restore: DefineCommand = (command, { terminal, given, config: configuration, confirm, answer }) => {
  command
    .description('put a backup in the place of everything, all or nothing; its passphrase as for backup')
    .argument('<file>', 'what backup has written')
    .option('--replace', 'also where the database holds accounts or a record, which are lost')
    .option('--dry-run', 'read the whole file, tell what is in it, and change nothing')
    .action(async (file: string, { replace = false, dryRun = false }: Options) => {
      const config = configuration()
      const passphrase = await readPassphrase(terminal)
      const input = await openFile(file)
      try {
        const { clock = systemClock, pglite } = given
        const backup = await openBackup(unpackRecords(decryptStream(input.createReadStream(), passphrase)))
        const progress = showProgress(terminal)
        const show = (rows: number) => progress.show(`${countOf(rows, 'row')} read`)
        const isNew = !config.DATABASE_URL && !pglite && !hasEmbedded(config.DATA_DIR)
        const place = isNew ? ` into a new database, ${nameDatabase(config)}` : ''

        async function check(holds: Held): Promise<void> {
          const { manifest, counts } = await checkBackup(backup, show)
          progress.end()
          const would = `${inWords(counts)}, of ${manifest.made_at}: would be restored${place}, and nothing is changed.`
          const value = { ...manifest, rows: counts, restored: false, holds }
          answer(value, would + tell(holds, replace), replace || isEmpty(holds) ? 0 : 1)
        }

        // To look into a database that is not there would make one.
        if (isNew && dryRun) return await check(NOTHING)
        const { pool, close } = await openPool(config, (line) => terminal.stderr.write(`${line}\n`), pglite)
        try {
          const database = createDatabase(pool, { clock, timeout: TIMEOUT })
          const holds = await countHeld(database)
          if (dryRun) return await check(holds)
          const lost = replace && !isEmpty(holds)
          const consequence = `${inHand(holds)} would be lost.`
          if (lost && !(await confirm(consequence))) {
            return answer({ ...backup.manifest, restored: false, holds }, consequence + UNCONFIRMED, 1)
          }
          const secrets = { current: config.SECRET_KEY ?? generatedSecret(config.DATA_DIR) }
          const restoring = { secrets, replace: lost, progress: show }
          const { manifest, counts } = await restoreBackup(database, backup, restoring)
          progress.end()
          const value = { ...manifest, rows: counts, restored: true }
          answer(value, `${inWords(counts)}, of ${manifest.made_at}: restored${place}.`)
        } finally {
          await close()
        }
      } finally {
        await input.close()
      }
    })
}

const inHand = ({ users, records }: Held) =>
  `${countOf(users, 'account')} and ${countOf(records, 'record')} of the audit`

function tell(holds: Held, replace: boolean): string {
  if (isEmpty(holds)) return ''
  const what = inHand(holds)
  return replace ? `\n${what} would be lost.` : `\nThe database holds ${what}: it takes --replace, and loses them.`
}

export default restore
