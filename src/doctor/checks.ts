import type { Config } from '../config/config.ts'
import { isLoopback, isNear, isPlainLoopback, isUnspecified } from '../http/loopback.ts'
import { RootSecretMismatch } from '../secrets/root-secret.ts'

/** What a look at an installation has found: `bad` is what must not stay so, a warning what may be meant. */
export interface Finding {
  about: string
  state: 'good' | 'warning' | 'bad'
  message: string
  /** How to mend it. */
  mend?: string
}

const good = (about: string, message: string): Finding => ({ about, state: 'good', message })
const warning = (about: string, message: string, mend: string): Finding => ({ about, state: 'warning', message, mend })
const bad = (about: string, message: string, mend: string): Finding => ({ about, state: 'bad', message, mend })

/** Fewer than this, and a text of 32 bytes was typed rather than drawn by lot. */
const DISTINCT_CHARACTERS = 12

/** The secrets of the environment: strong, and no two the same. */
export function judgeSecrets(config: Config): Finding[] {
  const names = ['SECRET_KEY', 'SECRET_KEY_PREVIOUS', 'INTROSPECTION_KEY', 'METRICS_KEY'] as const
  const given = names.flatMap((name) => (config[name] === undefined ? [] : [[name, config[name]] as const]))
  const draw = 'set it to the output of: openssl rand -base64 32'
  const findings = given.flatMap(([name, secret], index) => {
    const same = given.slice(0, index).find(([, other]) => other === secret)
    if (same) return [bad(name, `is the same as ${same[0]}`, `give each a secret of its own: ${draw}`)]
    if (new Set(secret).size < DISTINCT_CHARACTERS)
      return [bad(name, 'can be guessed: it has few different characters', draw)]
    return []
  })
  if (config.SECRET_KEY_PREVIOUS) {
    const mend = 'when no instance has the old one any more, run "latchkey keys rewrap" and remove it'
    findings.push(warning('SECRET_KEY_PREVIOUS', 'is set: the old secret still opens the keys', mend))
  }
  return findings.some(({ state }) => state === 'bad')
    ? findings
    : [good('secrets', 'strong, as far as can be seen'), ...findings]
}

/**
 * Whether PUBLIC_URL leads here, and unread by others. The service warns of it at its start as well: without PUBLIC_URL
 * that is the address on which it listens, which the links of mails then carry.
 */
export function judgeReach({ PUBLIC_URL }: Pick<Config, 'PUBLIC_URL'>): Finding[] {
  if (PUBLIC_URL.startsWith('https:') || isPlainLoopback(PUBLIC_URL)) return []
  const mend = 'put a proxy with TLS in front, and set PUBLIC_URL to the https:// URL that clients use'
  const fault = isUnspecified(PUBLIC_URL)
    ? 'which leads nowhere: links in mails and the issuer of tokens carry it'
    : 'plain http: passwords and tokens travel readable, and browsers keep no cookies'
  return [bad('PUBLIC_URL', `is ${PUBLIC_URL}, ${fault}`, mend)]
}

/** Where the service listens, what clients call it, and whose word on addresses it takes. */
export function judgeNetwork({ HOST, PUBLIC_URL, TRUSTED_PROXIES, DATABASE_URL, DATABASE_CA }: Config): Finding[] {
  const findings = [
    isLoopback(HOST) || HOST.toLowerCase() === 'localhost'
      ? good('HOST', `${HOST}: this machine alone`)
      : judgeBind(HOST, PUBLIC_URL),
    ...judgeReach({ PUBLIC_URL }),
    judgeProxies(TRUSTED_PROXIES, PUBLIC_URL)
  ]
  if (DATABASE_URL && !DATABASE_CA && !isNear(new URL(DATABASE_URL).hostname)) {
    const mend = 'set DATABASE_CA to the file of the authority that signed its certificate'
    findings.push(warning('DATABASE_CA', 'none: nothing proves that the database is the right one', mend))
  }
  return findings
}

function judgeBind(host: string, publicUrl: string): Finding {
  if (!isPlainLoopback(publicUrl)) return good('HOST', `${host}: other machines too`)
  const mend = 'set PUBLIC_URL to the URL that clients use, or HOST to 127.0.0.1'
  return warning('HOST', `${host} is open to other machines, and PUBLIC_URL leads to this one alone`, mend)
}

function judgeProxies(trusted: string[], publicUrl: string): Finding {
  const behindProxy = publicUrl.startsWith('https:')
  if (trusted.some((entry) => /\/0+$/.test(entry))) {
    const mend = 'name the addresses of your proxies alone'
    return bad('TRUSTED_PROXIES', 'believes everybody: a client chooses the address that it is counted by', mend)
  }
  if (behindProxy && trusted.length === 0) {
    const mend = 'name the address of the proxy that ends TLS'
    return bad(
      'TRUSTED_PROXIES',
      'none, behind an https PUBLIC_URL: all clients count as one, with a quarter of HASH_QUEUE',
      mend
    )
  }
  return good('TRUSTED_PROXIES', trusted.length > 0 ? trusted.join(', ') : 'none needed')
}

/** Whether letters reach people, and unread by others. */
export function judgeMail({ SMTP_URL, DATABASE_URL, PUBLIC_URL, APP_URL }: Config): Finding[] {
  if (!SMTP_URL) {
    if (!DATABASE_URL && isPlainLoopback(PUBLIC_URL))
      return [good('SMTP_URL', 'none: mail is shown at /dev/mail, by the link that the log has')]
    const mend = 'set SMTP_URL and MAIL_FROM'
    return [warning('SMTP_URL', 'none: nobody can prove an address, or choose a new password by mail', mend)]
  }
  const { protocol, hostname } = new URL(SMTP_URL)
  const isReadable = protocol === 'smtp:' && isNear(hostname) && !isPlainLoopback(`http://${hostname}`)
  const readable = warning(
    'SMTP_URL',
    `${hostname} is near: mail travels readable where it has no TLS`,
    'use smtps:// if the network is not yours alone'
  )
  const findings = [isReadable ? readable : good('SMTP_URL', `${hostname}, with TLS or on this machine`)]
  if (APP_URL?.startsWith('http:') && !isPlainLoopback(APP_URL)) {
    findings.push(bad('APP_URL', 'is plain http: the tokens of links travel readable', 'set it to an https:// URL'))
  }
  return findings
}

/** What slows guessing down, and what the log shows. */
export function judgeSwitches({ LIMITS, LOG_LEVEL }: Config): Finding[] {
  const findings: Finding[] = []
  if (LIMITS === 'off')
    findings.push(bad('LIMITS', 'off: nothing slows down the guessing of passwords', 'set LIMITS to on'))
  if (['fatal', 'error', 'silent'].includes(LOG_LEVEL)) {
    const mend = 'set LOG_LEVEL to info, or to warn at least'
    findings.push(warning('LOG_LEVEL', `${LOG_LEVEL}: a database that comes and goes leaves no trace`, mend))
  }
  return findings
}

/** How long a password hash should take, and from where on it is too long, in milliseconds. */
const HASH_TIME = { good: 300, slow: 1_000 }

/** The one in the middle of an odd number of values. */
export const median = (values: number[]) => values.sort((a, b) => a - b)[(values.length - 1) / 2] as number

/**
 * What bcrypt costs here.
 *
 * @param milliseconds what one hash took at the configured cost
 */
export function judgeCost(milliseconds: number, { BCRYPT_COST }: Pick<Config, 'BCRYPT_COST'>): Finding {
  // Each step doubles the work. Below 10 nothing is configured, however slow the machine.
  const best = Math.min(15, Math.max(10, BCRYPT_COST + Math.floor(Math.log2(HASH_TIME.good / milliseconds))))
  const found = `a hash of cost ${BCRYPT_COST} takes ${Math.round(milliseconds)} ms`
  // A machine that is somewhat slow, or slow just now, is no reason to weaken the hashes.
  if (best === BCRYPT_COST || (best < BCRYPT_COST && milliseconds < HASH_TIME.slow)) return good('BCRYPT_COST', found)
  const mend = `set BCRYPT_COST to ${best}, the highest under ${HASH_TIME.good} ms on this machine`
  return warning('BCRYPT_COST', found, mend)
}

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
const CLOCK = { warning: 1_000, bad: 5_000 }

const OLDEST = 14

export function judgeServer(facts: ServerFacts, config: Config): Finding[] {
  const { version, clockAhead, connections, readOnly, settings } = facts
  const major = Math.floor(version / 10_000)
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

/**
 * Whether the secret in use opens the root secret of the database.
 *
 * @param about where the secret comes from: SECRET_KEY, or a file
 * @param fault why it does not
 */
export function judgeOpening(about: string, fault?: Error): Finding {
  if (!fault) return good(about, 'opens the root secret in the database')
  const why = fault instanceof RootSecretMismatch ? 'does not open the root secret in the database' : fault.message
  const mend =
    about === 'SECRET_KEY'
      ? 'set it to the one that the service last ran with, or add that one as SECRET_KEY_PREVIOUS'
      : 'restore the file that belongs to this database, or set SECRET_KEY to the secret that was in it'
  return bad(about, `${why}: the service cannot start`, mend)
}

/** @param mode the permissions of a file or folder that holds secrets */
export function judgePermissions(path: string, mode: number): Finding {
  const permissions = (mode & 0o777).toString(8).padStart(4, '0')
  if ((mode & 0o077) === 0) return good(path, `its owner's alone (${permissions})`)
  return bad(path, `others can read or change it (${permissions})`, `chmod go= ${path}`)
}
