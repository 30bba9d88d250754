/**
 * Imports a hundred thousand accounts with the built command, into PostgreSQL and into the embedded database. Reports
 * duration and memory, and checks that a killed run can be resumed and that the export equals the import.
 *
 *   npm run build && node --import tsx bench/import.ts
 *
 * Starts a server of its own with Debian's PostgreSQL programs and removes it at the end. Linux only. Takes a minute.
 */
import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream, statSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { Cluster } from './shared/cluster.ts'
import { type Ended, makeDatabase, runCommand } from './shared/command.ts'
import { describeMachine } from './shared/machine.ts'
import { temporaryFolder } from './shared/processes.ts'
import { check, finish, megabytes, milliseconds, note, title } from './shared/report.ts'

const ACCOUNTS = 100_000
const folder = temporaryFolder()
const file = join(folder, 'users.jsonl')

for (const line of describeMachine()) note(line)
await pipeline(Readable.from(accounts()), createWriteStream(file))
note(`${ACCOUNTS} accounts are ${megabytes(statSync(file).size)} of JSON lines`)

const cluster = await Cluster.create()
await measure('PostgreSQL', { DATABASE_URL: cluster.url(), SECRET_KEY: 'x'.repeat(32) })
await measure('embedded', { DATA_DIR: join(folder, 'data'), SECRET_KEY: 'x'.repeat(32) })
finish()

async function measure(what: string, environment: Record<string, string>): Promise<void> {
  title(what)
  await makeDatabase(environment)
  const run = (environment: NodeJS.ProcessEnv, words: string[], killed = false) =>
    runCommand(environment, ['users', ...words], { killed })
  await run(environment, ['import', file], true)
  const first = await run(environment, ['import', file])
  tell('an import', first)
  const { read, imported = 0, already_there = 0, refused } = first.sum
  check(
    read === ACCOUNTS && refused === 0 && already_there > 0 && imported + already_there === ACCOUNTS,
    'it goes on where it was',
    `${already_there} were already there`
  )
  const second = await run(environment, ['import', file])
  tell('the same again', second)
  check(second.sum.already_there === ACCOUNTS, 'nothing is stored twice')
  const copy = join(folder, `${what}.jsonl`)
  const exported = await run(environment, ['export', copy])
  tell('an export', exported)
  check((await fingerprint(copy)) === (await fingerprint(file)), 'the export is what was imported')
}

function tell(what: string, { time, memory, busy }: Ended): void {
  note(
    `${what}: ${milliseconds(time)}, of which the command itself was busy ${milliseconds(busy)}; ${megabytes(memory)} at most`
  )
}

/** Generates accounts in the order of their ids, with times in the format of an export. */
function* accounts(): Generator<string> {
  for (let number = 0; number < ACCOUNTS; number += 1) {
    const digits = String(number).padStart(12, '0')
    const salt = createHash('md5').update(digits).digest('base64').slice(0, 22)
    yield `${JSON.stringify({
      id: `00000000-0000-7000-8000-${digits}`,
      username: `User${number}`,
      email: `User${number}@Example.com`,
      email_verified: number % 2 === 0,
      password_hash: `$argon2id$v=19$m=65536,t=3,p=4$${salt}$${salt}`,
      created_at: new Date(1_600_000_000_000 + number).toISOString().replace('Z', '000Z')
    })}\n`
  }
}

async function fingerprint(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path)) hash.update(chunk)
  return hash.digest('hex')
}
