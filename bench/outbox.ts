/**
 * Sends ten thousand mails through the outbox of two instances, while the mail server is killed and restarted twice and
 * one instance is killed. Checks that none is lost, and counts duplicates.
 *
 *   npm run build && node --import tsx bench/outbox.ts
 *
 * Starts its own mail server, and its own PostgreSQL with Debian's programs, and removes them at the end. Linux only.
 * Takes some minutes, most of them until leases expire.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { atExit } from '@latchkey/compare/measure/at-exit'
import pg from 'pg'
import { Cluster } from './shared/cluster.ts'
import { describeMachine } from './shared/machine.ts'
import { freePort, temporaryFolder } from './shared/processes.ts'
import { check, finish, note, title } from './shared/report.ts'
import { Service } from './shared/service.ts'

const MAILS = 10_000
const SERVER = fileURLToPath(new URL('outbox/mail-server.ts', import.meta.url))

for (const line of describeMachine()) note(line)
const file = join(temporaryFolder(), 'received')
const port = await freePort()
const cluster = await Cluster.create()
const pool = new pg.Pool({ connectionString: cluster.url(), max: 2 })
pool.on('error', () => {})

const environment = { SMTP_URL: `smtp://127.0.0.1:${port}`, MAIL_FROM: 'Bench <bench@example.com>' }
const start = () => Service.start({ databaseUrl: cluster.url(), environment })
const [one, other] = [await start(), await start()]

title(`${MAILS} mails`)
await pool.query(
  `INSERT INTO users (id, email, password_hash, created_at)
   SELECT gen_random_uuid(), number || '@example.com', '!', now() FROM generate_series(1, $1) AS number`,
  [MAILS]
)
await pool.query(
  `INSERT INTO mails (id, kind, recipient, user_id, data, created_at, next_attempt_at)
   SELECT gen_random_uuid(), 'password changed', email, id, '{}', now(), now() FROM users`
)
const { rows } = await pool.query('SELECT id FROM mails')
const ids = new Set(rows.map(({ id }) => id as string))

const began = performance.now()
let server = startServer()
for (const share of [0.25, 0.6]) {
  await until(() => received().length >= MAILS * share)
  server.kill('SIGKILL')
  note(`${seconds()}: the mail server is killed with ${received().length} mails`)
  await pause(5_000)
  server = startServer()
}
await until(() => received().length >= MAILS * 0.8)
one.signal('SIGKILL')
note(`${seconds()}: one of the two instances is killed with ${received().length} mails`)
await until(() => received().length >= MAILS * 0.99)
note(`${seconds()}: 99 of 100 have arrived`)
const third = await start()
await until(async () => (await pool.query('SELECT FROM mails LIMIT 1')).rowCount === 0)
note(`${seconds()}: the outbox is empty`)

const arrived = received()
const once = new Set(arrived)
const lost = [...ids].filter((id) => !once.has(id)).length
check(lost === 0, 'none is lost', `${lost} of ${ids.size}`)
check(arrived.length - once.size <= 20, 'few come twice', `${arrived.length - once.size}`)
check(once.size === ids.size, 'and none that was not sent', `${once.size}`)

server.kill('SIGKILL')
for (const service of [other, third]) service.signal('SIGKILL')
await pool.end()
finish()

function startServer(): ChildProcess {
  const child = spawn(process.execPath, ['--import', 'tsx', SERVER, `${port}`, file], { stdio: 'inherit' })
  atExit(() => child.kill('SIGKILL'))
  return child
}

function received(): string[] {
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : []
}

async function until(met: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await met())) await pause(100)
}

function seconds(): string {
  return `after ${Math.round((performance.now() - began) / 1000)} s`
}
