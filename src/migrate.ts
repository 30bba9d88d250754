import { Command } from 'commander'
import { readConfig } from './config/config.ts'
import { keepFilesPrivate } from './config/data-folder.ts'
import { ENV_FILE, readEnvFileOf } from './config/env-file.ts'
import { nameDatabase, requireEmbedded } from './database/existing-database.ts'
import { migrate } from './database/migrations.ts'
import { openPool } from './database/open-pool.ts'

keepFilesPrivate()

const args = process.argv.slice(2)

try {
  readEnvFileOf(args)
  new Command('migrate')
    .description('Updates the schema of the database. Does not create an embedded database: the first start does.')
    .option(...ENV_FILE)
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2))
    .parse(args, { from: 'user' })
  const config = readConfig()
  process.stderr.write(`database: ${nameDatabase(config)}\n`)
  if (!config.DATABASE_URL) requireEmbedded(config.DATA_DIR)
  const { pool, close } = await openPool(config, print)
  try {
    const applied = await migrate(pool, undefined, config.DATABASE_URL && config.DATABASE_SCHEMA)
    for (const migration of applied) print(`applied ${migration}`)
    if (applied.length === 0) print('the schema is up to date')
  } finally {
    await close()
  }
} catch (error) {
  process.stderr.write(`latchkey cannot migrate. ${(error as Error).message}\n`)
  process.exit(1)
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
