import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream, readFileSync } from 'node:fs'
import { test } from 'tap'
import { readConfig } from '../src/config/config.ts'
import { PASSWORD } from './helpers/app.ts'
import { ELSEWHERE, PASSPHRASE } from './helpers/backups.ts'
import { operator, run as runThere, startOnce } from './helpers/command.ts'
import { fillDataFolder, migratedDatabase, poolOf } from './helpers/database.ts'

test('kill -9 in the middle of a restore leaves the database as it was', async (t) => {
  const folder = t.testdir()
  const [file, pipe, data] = [`${folder}/backup`, `${folder}/pipe`, `${folder}/data`]
  const source = await migratedDatabase(t)
  const pool = await poolOf(t, source)
  const run = await operator(t, { database: source })
  await pool.query(
    `INSERT INTO users (id, username, password_hash, created_at)
     SELECT gen_random_uuid(), 'user' || n, md5(n::text), now() FROM generate_series(1, 20000) AS n`
  )
  await run(['backup', file], PASSPHRASE)

  const own = await migratedDatabase(t)
  await fillDataFolder(data)
  const database = 'url' in own ? { DATABASE_URL: own.url, ...ELSEWHERE } : { DATA_DIR: data, ...ELSEWHERE }
  const config = readConfig({ BCRYPT_COST: '10', ...database })
  await startOnce({ config })
  const command = (words: string[], input = '') => runThere(words, { input }, { config })
  const made = await command(['users', 'create', '--username', 'eve', '--json'], PASSWORD)
  t.equal(made.code, 0, made.stderr)

  // A pipe that is not written to its end holds the restore in the middle.
  spawnSync('mkfifo', [pipe])
  const words = ['--import', 'tsx', 'src/latchkey.ts', 'restore', pipe, '--replace', '--yes']
  const child = spawn(process.execPath, words, {
    env: { PATH: process.env.PATH, ...database, BACKUP_PASSPHRASE: PASSPHRASE.input.trim() }
  })
  const bytes = readFileSync(file)
  const writer = createWriteStream(pipe)
  writer.on('error', () => {})
  // Written is what the restore has read, but for what a pipe holds: 64 KB.
  await new Promise((written) => writer.write(bytes.subarray(0, bytes.length - 70_000), written))
  t.equal(child.exitCode, null, 'the restore waits for the rest')
  child.kill('SIGKILL')
  await once(child, 'close')
  writer.destroy()

  t.match(JSON.parse((await command(['users', 'show', 'eve', '--json'])).stdout), JSON.parse(made.stdout))
  t.match((await command(['audit', 'verify'])).stdout, /1 intact record,/)
  const again = await command(['restore', file, '--replace', '--yes'], PASSPHRASE.input)
  t.match(again.stdout, /^20000 accounts, 0 sessions and all other data from \S+ restored\.\n$/, again.stderr)
})
