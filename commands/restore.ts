import { open as openFile } from 'node:fs/promises'
import { summarize } from '../src/backups/backup.ts'
import { decryptStream } from '../src/backups/encryption.ts'
import { unpackRecords } from '../src/backups/framing.ts'
import {
  type Content,
  checkBackup,
  countContent,
  describeContent,
  isEmpty,
  openBackup,
  restoreBackup
} from '../src/backups/restore.ts'
import { type DefineCommand, UNCONFIRMED } from '../src/cli/command-line.ts'
import { readPassphrase } from '../src/cli/passphrase.ts'
import { systemClock } from '../src/clock.ts'
import { createDatabase } from '../src/database/database.ts'
import { hasEmbedded, nameDatabase } from '../src/database/existing-database.ts'
import { openPool } from '../src/database/open-pool.ts'
import { countOf } from '../src/plural.ts'
import { readOrCreateSecret } from '../src/secrets/secret-file.ts'

/** The timeout of the transaction, in milliseconds. */
const TIMEOUT = 24 * 3_600_000

const EMPTY: Content = { users: 0, records: 0 }

interface Options {
  replace?: boolean
  dryRun?: boolean
}

const restore: DefineCommand = (command, context) => {
  const { terminal, given, config: configuration, confirm, note, answer } = context
  command
    .description('replace all data by a backup, in one transaction')
    .argument('<file>', 'a file that the command backup has written')
    .option('--replace', 'delete existing accounts and audit records')
    .option('--dry-run', 'check the file, show its content, and change nothing')
    .addHelpText('after', '\nThe passphrase is read from BACKUP_PASSPHRASE, the terminal, or standard input.')
    .action(async (file: string, { replace = false, dryRun = false }: Options) => {
      const config = configuration()
      const passphrase = await readPassphrase(terminal)
      const input = await openFile(file)
      try {
        const { clock = systemClock, pglite } = given
        const backup = await openBackup(unpackRecords(decryptStream(input.createReadStream(), passphrase)))
        const show = (rows: number) => context.progress(`${countOf(rows, 'row')} read`)
        const isNew = !config.DATABASE_URL && !pglite && !hasEmbedded(config.DATA_DIR)
        const place = isNew ? ` into a new database, ${nameDatabase(config)}` : ''

        async function check(holds: Content): Promise<void> {
          const { manifest, counts } = await checkBackup(backup, show)
          const would = `${summarize(counts)} from ${manifest.made_at} would be restored${place}. Nothing was changed.`
          const value = { ...manifest, rows: counts, restored: false, holds }
          answer(value, would + warnOf(holds, replace), replace || isEmpty(holds) ? 0 : 1)
        }

        // Opening a database that does not exist would create it.
        if (isNew && dryRun) return await check(EMPTY)
        const { pool, close } = await openPool(config, note, pglite)
        try {
          const database = createDatabase(pool, { clock, timeout: TIMEOUT })
          const holds = await countContent(database)
          if (dryRun) return await check(holds)
          const isReplaced = replace && !isEmpty(holds)
          const consequence = `${describeContent(holds)} would be deleted.`
          if (isReplaced && !(await confirm(consequence))) {
            return answer({ ...backup.manifest, restored: false, holds }, consequence + UNCONFIRMED, 1)
          }
          const secrets = { current: config.SECRET_KEY ?? readOrCreateSecret(config.DATA_DIR) }
          const { manifest, counts } = await restoreBackup(database, backup, {
            secrets,
            replace: isReplaced,
            progress: show
          })
          const value = { ...manifest, rows: counts, restored: true }
          answer(value, `${summarize(counts)} from ${manifest.made_at} restored${place}.`)
        } finally {
          await close()
        }
      } finally {
        await input.close()
      }
    })
}

function warnOf(content: Content, replace: boolean): string {
  if (isEmpty(content)) return ''
  const existing = describeContent(content)
  return replace ? `\n${existing} would be deleted.` : `\nThe database contains ${existing}; --replace deletes them.`
}

export default restore
