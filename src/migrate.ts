import { readConfig } from './config.ts'
import { keepFilesPrivate } from './data-folder.ts'
import { readEnvFile } from './environment.ts'
import { migrate } from './migrations.ts'
import { openPool } from './open-pool.ts'

keepFilesPrivate()
try {
  readEnvFile()
  const { pool, close } = await openPool(readConfig(), say)
  try {
    const applied = await migrate(pool)
    for (const migration of applied) say(`applied ${migration}`)
    if (applied.length === 0) say('the schema is up to date')
  } finally {
    await close()
  }
} catch (error) {
  process.stderr.write(`latchkey cannot migrate. ${(error as Error).message}\n`)
  process.exit(1)
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
