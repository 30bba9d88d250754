import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { atExit } from '@latchkey/compare/measure/at-exit'
import { messageOf, Refusal } from '@latchkey/compare/refusal'
import pg from 'pg'

/** The timeout of a connection, in milliseconds. */
const TIMEOUT_MS = 10_000

/** A server of PostgreSQL on which databases can be made. */
export interface Server {
  version: string
  /** Makes an empty database. @returns its URL */
  create: (what: string) => Promise<string>
  /** Drops all that were made. */
  drop: () => Promise<void>
}

/** @throws Refusal if the URL is invalid, the server is unreachable, or it refuses the statement */
export async function openServer(url: string): Promise<Server> {
  if (!/^postgres(ql)?:\/\//.test(url) || !URL.canParse(url)) {
    throw new Refusal('--database must be a URL such as postgres://postgres@127.0.0.1:5432/postgres')
  }
  const run = randomBytes(4).toString('hex')
  const names: string[] = []
  atExit(() => dropAtOnce(url, names))
  const { server_version: version } = await query(url, 'SHOW server_version')
  return {
    version: String(version).replace(/ .*/, ''),
    async create(what) {
      const name = `latchkey_bench_${run}_${what}`
      // Recorded first: the answer may be lost after the database was created.
      names.push(name)
      await query(url, `CREATE DATABASE ${name}`)
      return Object.assign(new URL(url), { pathname: name }).href
    },
    async drop() {
      for (const name of [...names]) {
        await query(url, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
        names.splice(names.indexOf(name), 1)
      }
    }
  }
}

/** Cleans up after an aborted run. The URL is in the environment, where other users cannot read its password. */
function dropAtOnce(url: string, names: string[]): void {
  if (names.length === 0) return
  const program = fileURLToPath(new URL('drop-databases.js', import.meta.url))
  const env = { PATH: process.env.PATH, SERVER: url }
  spawnSync(process.execPath, [program, ...names], { env, stdio: ['ignore', 'ignore', 'inherit'] })
}

/** @returns the first row, where there is one */
async function query(url: string, sql: string): Promise<Record<string, unknown>> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: TIMEOUT_MS })
  const asked = client.connect().then(() => client.query(sql))
  const refuse = (error: unknown): never => {
    throw new Refusal(`PostgreSQL at ${new URL(url).host}: ${messageOf(error)}`)
  }
  const { rows } = await asked.catch(refuse).finally(() => client.end())
  return rows[0]
}
