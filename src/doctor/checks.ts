import type { Config } from '../config/config.ts'
import { isLoopback, isNear, isPlainLoopback, isUnspecified } from '../http/loopback.ts'
import { RootSecretMismatch } from '../secrets/root-secret.ts'
import { bad, type Finding, good, warning } from './finding.ts'

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
