import type { Config } from '../config/config.ts'
import { countOf } from '../plural.ts'
import { isMailMissing } from './checks.ts'
import { bad, type Finding, good, warning } from './finding.ts'

/** Properties of a PostgreSQL server. */
export interface ServerFacts {
  /** `server_version_num`: 150004 for 15.4. */
  version: number
  /** The clock of the server minus that of this process, in milliseconds. */
  clockAhead: number
  /** The number of connections that the server accepts, and how many other clients hold. */
  connections: { most: number; taken: number }
  readOnly: boolean
  settings: ServerSettings
}

/** Settings of our connections, as the server, the database and the role define them. */
interface ServerSettings {
  encoding: string
  dateStyle: string
  isolation: string
  /** Timeouts that are shorter than the deadline of a request, in milliseconds. */
  timeouts: Record<string, number>
}

/** In milliseconds. Instances whose clocks differ by more than a second may refuse each other's new tokens (src/clock.ts). */
const CLOCK = { warning: 1000, bad: 5000 }

/** From here on, in milliseconds, the codes of authenticator apps are refused for a part of each step. */
const CODES_FAIL = 10_000
const OLDEST = 14

/** Checks the version of the server, its settings, its clock and its free connections. */
export function checkServer(facts: ServerFacts, config: Config): Finding[] {
  const { version, clockAhead, connections, readOnly, settings } = facts
  const major = Math.floor(version / 10000)
  const findings = [
    major >= OLDEST
      ? good('server', `PostgreSQL ${major}`)
      : bad('server', `PostgreSQL ${major}`, `use PostgreSQL ${OLDEST} or later`)
  ]
  if (readOnly)
    findings.push(bad('server', 'is read-only: a replica, or configured so', 'set DATABASE_URL to the primary'))

  findings.push(...checkSettings(settings))

  const off = `${Math.round(Math.abs(clockAhead))} ms ${clockAhead < 0 ? 'behind' : 'ahead of'} this machine`
  const judge = Math.abs(clockAhead) >= CLOCK.bad ? bad : warning
  const inStep = Math.abs(clockAhead) < CLOCK.warning
  const found = Math.abs(clockAhead) < CODES_FAIL ? off : `${off}: codes of authenticator apps may be refused`
  findings.push(inStep ? good('clock', off) : judge('clock', found, 'synchronize both machines with NTP'))

  const { most, taken } = connections
  const free = most - taken
  const pool = `${config.DATABASE_POOL} connections for each instance; ${free} of ${most} are free`
  const fix = 'lower DATABASE_POOL, raise max_connections of the server, or use PgBouncer'
  if (config.DATABASE_POOL > free) findings.push(bad('DATABASE_POOL', pool, fix))
  // During a rolling update two instances run.
  else if (config.DATABASE_POOL * 2 > free)
    findings.push(warning('DATABASE_POOL', `${pool}, not enough for two instances`, fix))
  else findings.push(good('DATABASE_POOL', pool))
  return findings
}

function checkSettings({ encoding, dateStyle, isolation, timeouts }: ServerSettings): Finding[] {
  const findings: Finding[] = []
  if (encoding !== 'UTF8') {
    const fix = "create a database with ENCODING 'UTF8', and restore a backup into it"
    findings.push(bad('encoding', `${encoding}: text that it cannot represent is refused`, fix))
  }
  if (!dateStyle.startsWith('ISO')) {
    const fix = 'set it to ISO for the role of DATABASE_URL: a connection pooler discards settings of a connection'
    findings.push(bad('DateStyle', `${dateStyle}: times are misread`, fix))
  }
  if (isolation !== 'read committed') {
    const fix = "set it to 'read committed' for the role of DATABASE_URL"
    findings.push(warning('default_transaction_isolation', `${isolation}: conflicting statements are retried`, fix))
  }
  for (const [name, milliseconds] of Object.entries(timeouts)) {
    const fix = 'set it to 0 for the role of DATABASE_URL'
    findings.push(warning(name, `${milliseconds} ms: requests that wait longer are answered with 503`, fix))
  }
  return findings.length > 0 ? findings : [good('settings', 'as required')]
}

/**
 * Checks the search_path of the role.
 *
 * @param found the setting; the schema that it resolves to, if any; and the schema of the service's tables, if another
 */
export function checkSearchPath(found: { path: string; schema: string | null; elsewhere: string | null }): Finding[] {
  const { path, schema, elsewhere } = found
  if (elsewhere !== null) {
    const why = `'${path}' does not contain the tables of the service, which are in the schema ${elsewhere}`
    return [bad('search_path', why, `set it to ${elsewhere} for the role of DATABASE_URL`)]
  }
  if (schema !== null) return []
  const why = `'${path}' contains no schema that the role may use`
  return [bad('search_path', why, 'set it for the role of DATABASE_URL, for example to public')]
}

/** Compares the last migration of the database with the newest of this version. */
export function checkSchema({ applied, newest }: { applied: number; newest: number }): Finding {
  if (applied > newest) {
    return bad('schema', `at migration ${applied}; the newest of this version is ${newest}`, 'run a newer version')
  }
  if (applied === newest) return good('schema', `up to date at migration ${applied}`)
  const fix = 'start the service, or run "npm run migrate"'
  return warning('schema', `at migration ${applied} of ${newest}`, fix)
}

/** The maximum age of a signing key, in days. */
const KEY_AGE = 90

/** @param age days since the current signing key was created; undefined if there is none yet */
export function checkKeyAge(age: number | undefined): Finding {
  if (age === undefined) return good('signing key', 'none yet: the first start creates one')
  const found = `${Math.floor(age)} days old`
  if (age <= KEY_AGE) return good('signing key', found)
  return warning('signing key', found, 'run "latchkey keys rotate"')
}

/**
 * Checks that owners of second factors and passkeys can be notified.
 *
 * @param accounts how many have one
 */
export function checkFactorMail(
  accounts: number,
  config: Pick<Config, 'SMTP_URL' | 'DATABASE_URL' | 'PUBLIC_URL'>
): Finding[] {
  if (accounts === 0 || !isMailMissing(config)) return []
  const found = `not set, and ${countOf(accounts, 'account')} with second factors or passkeys: no owner learns of a change`
  return [warning('SMTP_URL', found, 'set SMTP_URL and MAIL_FROM')]
}
