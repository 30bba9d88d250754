import type { Config } from '../config/config.ts'
import { bad, type Finding, good, warning } from './finding.ts'

/** What a look at a server tells. */
export interface ServerFacts {
  /** As `server_version_num`: 150004 for 15.4. */
  version: number
  /** How far its clock is ahead of ours, in milliseconds. */
  clockAhead: number
  /** How many connections it takes, and how many of those others hold. */
  connections: { most: number; taken: number }
  readOnly: boolean
  settings: ServerSettings
}

/** What our connections are set to by the server, the database or the role. */
export interface ServerSettings {
  encoding: string
  dateStyle: string
  isolation: string
  /** The timeouts, in milliseconds, that are shorter than what a request may wait. */
  timeouts: Record<string, number>
}

/** Instances that differ by more than a second may refuse each other's new tokens (src/tokens/claims.ts). */
const CLOCK = { warning: 1000, bad: 5000 }
const OLDEST = 14

export function judgeServer(facts: ServerFacts, config: Config): Finding[] {
  const { version, clockAhead, connections, readOnly, settings } = facts
  const major = Math.floor(version / 10000)
  const findings = [
    major >= OLDEST
      ? good('server', `PostgreSQL ${major}`)
      : bad('server', `PostgreSQL ${major}`, `use PostgreSQL ${OLDEST} or later`)
  ]
  if (readOnly)
    findings.push(bad('server', 'takes no writes: it is a replica, or set so', 'set DATABASE_URL to the primary'))

  findings.push(...judgeSettings(settings))

  const off = `${Math.round(Math.abs(clockAhead))} ms ${clockAhead < 0 ? 'behind' : 'ahead of'} ours`
  const judge = Math.abs(clockAhead) >= CLOCK.bad ? bad : warning
  const inStep = Math.abs(clockAhead) < CLOCK.warning
  findings.push(inStep ? good('clock', off) : judge('clock', off, 'let NTP keep both machines'))

  const { most, taken } = connections
  const free = most - taken
  const pool = `${config.DATABASE_POOL} connections for each instance, of ${free} that are free of ${most}`
  const mend = 'lower DATABASE_POOL, raise max_connections of the server, or put PgBouncer between'
  if (config.DATABASE_POOL > free) findings.push(bad('DATABASE_POOL', pool, mend))
  // Two instances are there while one takes the place of the other.
  else if (config.DATABASE_POOL * 2 > free) findings.push(warning('DATABASE_POOL', `${pool}: not enough for two`, mend))
  else findings.push(good('DATABASE_POOL', pool))
  return findings
}

function judgeSettings({ encoding, dateStyle, isolation, timeouts }: ServerSettings): Finding[] {
  const findings: Finding[] = []
  if (encoding !== 'UTF8') {
    const fix = "make a database with ENCODING 'UTF8', and restore a backup into it"
    findings.push(bad('encoding', `${encoding}: text that it cannot represent is refused`, fix))
  }
  if (!dateStyle.startsWith('ISO')) {
    const fix = 'set it to ISO for the role of DATABASE_URL: a proxy drops what each connection sets'
    findings.push(bad('DateStyle', `${dateStyle}: times are misread`, fix))
  }
  if (isolation !== 'read committed') {
    const fix = "set it to 'read committed' for the role of DATABASE_URL"
    findings.push(warning('default_transaction_isolation', `${isolation}: statements that conflict are run again`, fix))
  }
  for (const [name, milliseconds] of Object.entries(timeouts)) {
    const fix = 'set it to 0 for the role of DATABASE_URL'
    findings.push(warning(name, `${milliseconds} ms: the answer to a request that waits longer is 503`, fix))
  }
  return findings.length > 0 ? findings : [good('settings', 'as the service needs them')]
}

/**
 * Where the search_path leads.
 *
 * @param found the setting, the schema that it leads to, and the one that has our tables where that is another
 */
export function judgeSearchPath(found: { path: string; schema: string | null; elsewhere: string | null }): Finding[] {
  const { path, schema, elsewhere } = found
  if (elsewhere !== null) {
    const why = `'${path}' does not lead to the tables of the service, which are in the schema ${elsewhere}`
    return [bad('search_path', why, `set it to ${elsewhere} for the role of DATABASE_URL`)]
  }
  if (schema !== null) return []
  const why = `'${path}' names no schema that the role may use`
  return [bad('search_path', why, 'set it for the role of DATABASE_URL, such as to public')]
}

/** The schema of the database against the migrations that this version has, by their numbers. */
export function judgeSchema({ applied, newest }: { applied: number; newest: number }): Finding {
  if (applied > newest) {
    return bad('schema', `at migration ${applied}, and this version knows ${newest}`, 'run a newer version')
  }
  if (applied === newest) return good('schema', `up to date at migration ${applied}`)
  const mend = 'the next start does what is missing, or "npm run migrate" now'
  return warning('schema', `at migration ${applied} of ${newest}`, mend)
}

/** How old a signing key may be, in days. */
const KEY_AGE = 90

/** @param age days since the key that signs was made; none where there is no key yet */
export function judgeKeyAge(age: number | undefined): Finding {
  if (age === undefined) return good('signing key', 'none yet: the first start makes one')
  const found = `${Math.floor(age)} days old`
  if (age <= KEY_AGE) return good('signing key', found)
  return warning('signing key', found, 'run "latchkey keys rotate"')
}
