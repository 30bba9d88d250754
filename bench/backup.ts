/**
 * Backs up and restores a million accounts with one session each, from PostgreSQL to PostgreSQL and to the embedded
 * database, with the built commands. Reports the duration, and checks that memory does not grow with the number of
 * accounts.
 *
 *   npm run build && node --import tsx bench/backup.ts [accounts]
 *
 * Starts its own servers with Debian's PostgreSQL programs and removes them at the end. Linux only. Takes a quarter of
 * an hour and several gigabytes of disk.
 */
import { statSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { Cluster } from './shared/cluster.ts'
import { type Ended, makeDatabase, runCommand } from './shared/command.ts'
import { describeMachine } from './shared/machine.ts'
import { temporaryFolder } from './shared/processes.ts'
import { check, finish, megabytes, milliseconds, note, title } from './shared/report.ts'

const MOST = Number(process.argv[2] ?? 1_000_000)
const SECRETS = { SECRET_KEY: 'x'.repeat(32), BACKUP_PASSPHRASE: 'a passphrase for backups alone' }
const SETTINGS = 'shared_buffers = 128MB\nmax_wal_size = 4GB\n'
const folder = temporaryFolder()

for (const line of describeMachine()) note(line)
const few = await measure(MOST / 10)
const many = await measure(MOST)
title('Ten times the accounts')
for (const [what, ended] of Object.entries(many)) {
  const before = few[what] as Ended
  const growth = ended.memory / before.memory
  check(growth < 1.25, `${what}: the memory is flat`, `${megabytes(before.memory)}, ${megabytes(ended.memory)}`)
}
finish()

async function measure(accounts: number): Promise<Record<string, Ended>> {
  title(`${accounts} accounts, each with a session`)
  const [source, target] = [await Cluster.create({ settings: SETTINGS }), await Cluster.create({ settings: SETTINGS })]
  const file = join(folder, `${accounts}.backup`)
  const from = { DATABASE_URL: source.url(), ...SECRETS }
  await makeDatabase(from)
  await fill(source.url(), accounts)
  const results: Record<string, Ended> = {}

  async function run(what: string, environment: NodeJS.ProcessEnv, words: string[]): Promise<void> {
    const ended = await runCommand(environment, words)
    results[what] = ended
    const { rows } = ended.sum as unknown as { rows?: Record<string, number> }
    const whole = rows?.users === accounts && rows.sessions === accounts
    const { time, busy, memory } = ended
    check(
      ended.code === 0 && whole,
      what,
      `${milliseconds(time)}, busy for ${milliseconds(busy)}, ${megabytes(memory)} at most`
    )
  }

  await run('backup', from, ['backup', file])
  note(`the file has ${megabytes(statSync(file).size)}`)
  await run('restore into PostgreSQL', { DATABASE_URL: target.url(), ...SECRETS }, ['restore', file])
  await run('restore into the embedded database', { DATA_DIR: join(folder, `${accounts}`), ...SECRETS }, [
    'restore',
    file
  ])
  await source.kill()
  await target.kill()
  return results
}

async function fill(url: string, accounts: number): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query(
    `INSERT INTO users (id, username, email, password_hash, created_at)
     SELECT gen_random_uuid(), 'User' || n, 'User' || n || '@Example.com',
       '$2b$12$' || translate(encode(sha256(n::text::bytea) || sha256(n::text::bytea), 'base64'), E'+/=\n', '..'), now()
     FROM generate_series(1, ${accounts}) AS n`
  )
  await client.query(
    `INSERT INTO sessions (id, user_id, family_hash, rotating_hash, created_at, last_used_at)
     SELECT gen_random_uuid(), id, sha256(id::text::bytea), sha256(id::text::bytea), now(), now() FROM users`
  )
  await client.end()
}
