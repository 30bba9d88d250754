import { PassThrough, Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import type { Test } from 'tap'
import type { AppOptions } from '../../src/app-options.ts'
import { runCommand } from '../../src/cli/command-line.ts'
import { type Clock, systemClock } from '../../src/clock.ts'
import { type Config, readConfig } from '../../src/config/config.ts'
import { createDatabase } from '../../src/database/database.ts'
import { requireStarted } from '../../src/database/existing-database.ts'
import { openPool } from '../../src/database/open-pool.ts'
import { ensureKey } from '../../src/keys/signing-keys.ts'
import { readRootSecret } from '../../src/secrets/root-secret.ts'
import { readOrCreateSecret } from '../../src/secrets/secret-file.ts'
import { migratedDatabase, type TestDatabase } from './database.ts'

interface Operator {
  /** The database to use; without one, a migrated one of this operator's own. */
  database?: TestDatabase
  clock?: Clock
  /** What the configuration says, beside what every test needs. */
  environment?: Record<string, string>
}

/** Runs commands as an operator would, on a database of the test's: words, and what is piped into them. */
export async function operator(t: Test, { database, clock, environment }: Operator = {}) {
  const where = database ?? (await migratedDatabase(t))
  const config = readConfig({
    SECRET_KEY: 'only for tests, and long enough to be one',
    BCRYPT_COST: '10',
    HASH_CONCURRENCY: '1',
    ...('url' in where && { DATABASE_URL: where.url }),
    ...environment
  })
  const given = { config, ...(clock && { clock }), ...('pglite' in where && { pglite: where.pglite }) }

  await startOnce(given)
  return (words: string[], piped: Piped = {}) => run(words, piped, given)
}

/** Makes what the first start of the service makes on a migrated database: commands make none of it. */
export async function startOnce({ config, pglite, clock = systemClock }: AppOptions & { config: Config }) {
  const { pool, close } = await openPool(config, () => {}, pglite)
  const database = createDatabase(pool, { clock, timeout: 60_000 })
  const secrets = { current: config.SECRET_KEY ?? readOrCreateSecret(config.DATA_DIR) }
  async function make(): Promise<void> {
    await ensureKey(database, secrets)
    await readRootSecret(database, secrets)
  }
  await requireStarted(database).catch(make).finally(close)
}

interface Piped {
  /** What stands on standard input. */
  input?: string
  /** The environment that the command sees. */
  variables?: NodeJS.ProcessEnv
  /** Whether standard error is a terminal. */
  onTerminal?: boolean
  /** Whether standard input is a terminal, at which somebody types the input. */
  typed?: boolean
}

/** Which database a command speaks to, the first line of what it says. */
const DATABASE = /^(?:database: .*|\{"database":.*\})\n/

/** Runs one command, on what its environment says where nothing is given in its place. */
export async function run(
  words: string[],
  { input = '', variables = {}, onTerminal = false, typed = false }: Piped = {},
  given?: AppOptions,
  server = 'data:text/javascript,'
) {
  const [stdout, stderr] = [new PassThrough(), Object.assign(new PassThrough(), { isTTY: onTerminal })]
  const [out, err] = [text(stdout), text(stderr)]
  const stdin = Object.assign(Readable.from([input]), { isTTY: typed })
  const terminal = { stdin, stdout, stderr, environment: variables }
  const code = await runCommand(words, terminal, server, given)
  stdout.end()
  stderr.end()
  return { code, stdout: await out, stderr: (await err).replace(DATABASE, '') }
}
