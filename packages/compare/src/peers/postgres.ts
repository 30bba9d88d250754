import { randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { atExit } from '../measure/at-exit.ts'
import { freePort } from '../measure/free-port.ts'
import { Refusal } from '../refusal.ts'
import type { Run } from './run.ts'

/** Where Debian installs the programs of each version of the server, which are not on the PATH. */
const DEBIAN = '/usr/lib/postgresql'

/** The account that Debian makes for the server, which refuses to run as root. */
const ACCOUNT = 'postgres'

export interface Server {
  /** The URL of its database `postgres`. */
  url: string
  stop: () => void
}

/**
 * Creates and starts a temporary PostgreSQL on a free port of the loopback interface, with the settings that initdb
 * gives it: what is committed is on disk.
 *
 * @throws Refusal if PostgreSQL is not installed or does not start
 */
export async function startServer(run: Run, isRoot = process.getuid?.() === 0, debian = DEBIAN): Promise<Server> {
  const programs = programsOf(run, debian)
  if (programs === undefined) {
    throw new Refusal(
      'the peers need PostgreSQL: name a server with --database or TEST_DATABASE_URL, or apt-get install postgresql'
    )
  }
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-compare-postgres-'))
  const data = join(folder, 'data')
  const asServer = (program: string, ...words: string[]) => {
    const command = [join(programs, program), ...words]
    // The account may not be permitted to enter the current directory.
    const [first = '', ...rest] = isRoot ? ['runuser', '-u', ACCOUNT, '--', ...command] : command
    return run(first, rest, { folder: '/' })
  }
  const stop = atExit(() => {
    asServer('pg_ctl', '-D', data, '-m', 'immediate', '-w', 'stop')
    rmSync(folder, { recursive: true, force: true })
  })
  const port = await freePort()
  const options = `-p ${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories=${folder}`
  const steps = [
    () => (isRoot ? run('chown', [ACCOUNT, folder]) : { isDone: true, output: '' }),
    () => asServer('initdb', '-D', data, '-U', ACCOUNT, '-A', 'trust', '-E', 'UTF8', '--no-locale'),
    () => asServer('pg_ctl', '-D', data, '-l', join(folder, 'log'), '-w', '-t', '30', '-o', options, 'start')
  ]
  for (const step of steps) {
    const { isDone, output } = step()
    if (isDone) continue
    stop()
    throw new Refusal(`a temporary PostgreSQL could not be started:\n${output}`)
  }
  return { url: `postgres://${ACCOUNT}@127.0.0.1:${port}/postgres`, stop }
}

/** The folder of the newest programs; an empty one if they are on the PATH. */
function programsOf(run: Run, debian: string): string | undefined {
  const byVersion = new Intl.Collator('en', { numeric: true })
  const folders = versionsIn(debian)
    .sort((one, other) => byVersion.compare(other, one))
    .map((version) => join(debian, version, 'bin'))
  return [...folders, ''].find((folder) => run(join(folder, 'initdb'), ['--version']).isDone)
}

function versionsIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

/** A database of one run. */
export interface Database {
  url: string
  drop: () => void
}

/** @throws Refusal if the server does not create it */
export function createDatabase(server: string, run: Run): Database {
  const name = `compare_${randomBytes(6).toString('hex')}`
  const { isDone, output } = execute(server, `CREATE DATABASE ${name}`, run)
  if (!isDone) throw new Refusal(`the server for the peers created no database: ${output}`)
  const url = new URL(server)
  url.pathname = `/${name}`
  const drop = atExit(() => execute(server, `DROP DATABASE ${name} WITH (FORCE)`, run))
  return { url: url.href, drop }
}

/** By psql, which gets the password in its environment: every user of the machine can read its command line. */
function execute(server: string, statement: string, run: Run) {
  const url = new URL(server)
  const password = decodeURIComponent(url.password)
  url.password = ''
  const environment = { PGCONNECT_TIMEOUT: '10', ...(password && { PGPASSWORD: password }) }
  return run('psql', ['-XqAt', '-v', 'ON_ERROR_STOP=1', '-c', statement, url.href], { environment })
}
