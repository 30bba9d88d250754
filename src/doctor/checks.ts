import type { Config } from '../config/config.ts'
import { isLoopback, isPlainLoopback, isPrivateHost, isUnspecified } from '../http/loopback.ts'
import { RootSecretMismatch } from '../secrets/root-secret.ts'
import { bad, type Finding, good, warning } from './finding.ts'

/** A secret with fewer distinct characters was probably typed rather than generated. */
const DISTINCT_CHARACTERS = 12

/** Checks that the secrets of the environment are strong and different from each other. */
export function checkSecrets(config: Config): Finding[] {
  const names = ['SECRET_KEY', 'SECRET_KEY_PREVIOUS', 'INTROSPECTION_KEY', 'METRICS_KEY'] as const
  const given = names.flatMap((name) => (config[name] === undefined ? [] : [[name, config[name]] as const]))
  const generate = 'set it to the output of: openssl rand -base64 32'
  const findings = given.flatMap(([name, secret], index) => {
    const same = given.slice(0, index).find(([, other]) => other === secret)
    if (same) return [bad(name, `is the same as ${same[0]}`, `use a different secret: ${generate}`)]
    if (new Set(secret).size < DISTINCT_CHARACTERS)
      return [bad(name, 'can be guessed: it has few distinct characters', generate)]
    return []
  })
  if (config.SECRET_KEY_PREVIOUS) {
    const fix = 'once every instance has the new secret, run "latchkey keys rewrap" and remove it'
    findings.push(warning('SECRET_KEY_PREVIOUS', 'is set: the previous secret still decrypts the keys', fix))
  }
  return findings.some(({ state }) => state === 'bad') ? findings : [good('secrets', 'no weakness found'), ...findings]
}

/**
 * Checks that clients can reach PUBLIC_URL, and that it has TLS unless it is loopback. The service logs a warning at its
 * start too.
 */
export function checkPublicUrl({ PUBLIC_URL }: Pick<Config, 'PUBLIC_URL'>): Finding[] {
  if (PUBLIC_URL.startsWith('https:') || isPlainLoopback(PUBLIC_URL)) return []
  const fix = 'run the service behind a proxy with TLS, and set PUBLIC_URL to the https:// URL that clients use'
  const fault = isUnspecified(PUBLIC_URL)
    ? 'which no client can reach: links in mails and the issuer of tokens contain it'
    : 'without TLS: passwords and tokens are sent in the clear, and browsers refuse the cookies'
  return [bad('PUBLIC_URL', `is ${PUBLIC_URL}, ${fault}`, fix)]
}

/** Checks HOST, PUBLIC_URL, TRUSTED_PROXIES and the TLS of the database. */
export function checkNetwork({ HOST, PUBLIC_URL, TRUSTED_PROXIES, DATABASE_URL, DATABASE_CA }: Config): Finding[] {
  const findings = [
    isLoopback(HOST) || HOST.toLowerCase() === 'localhost'
      ? good('HOST', `${HOST}: only this machine can connect`)
      : checkBind(HOST, PUBLIC_URL),
    ...checkPublicUrl({ PUBLIC_URL }),
    checkProxies(TRUSTED_PROXIES, PUBLIC_URL)
  ]
  if (DATABASE_URL && !DATABASE_CA && !isPrivateHost(new URL(DATABASE_URL).hostname)) {
    const fix = 'set DATABASE_CA to the file of the CA that signed its certificate'
    findings.push(warning('DATABASE_CA', 'not set: the certificate of the database is not verified', fix))
  }
  return findings
}

function checkBind(host: string, publicUrl: string): Finding {
  if (!isPlainLoopback(publicUrl)) return good('HOST', `${host}: other machines can connect`)
  const fix = 'set PUBLIC_URL to the URL that clients use, or HOST to 127.0.0.1'
  return warning('HOST', `${host}: other machines can connect, but PUBLIC_URL is only valid on this one`, fix)
}

function checkProxies(trusted: string[], publicUrl: string): Finding {
  const behindProxy = publicUrl.startsWith('https:')
  if (trusted.some((entry) => /\/0+$/.test(entry))) {
    const fix = 'list only the addresses of your proxies'
    return bad('TRUSTED_PROXIES', 'trusts every address: clients can forge the address that limits count', fix)
  }
  if (behindProxy && trusted.length === 0) {
    const fix = 'set it to the address of the proxy that terminates TLS'
    return bad(
      'TRUSTED_PROXIES',
      'not set, with an https PUBLIC_URL: all clients count as one, with a quarter of HASH_QUEUE',
      fix
    )
  }
  return good('TRUSTED_PROXIES', trusted.length > 0 ? trusted.join(', ') : 'none needed')
}

/** Whether no mail is sent, nor shown at /dev/mail. */
export const isMailMissing = (config: Pick<Config, 'SMTP_URL' | 'DATABASE_URL' | 'PUBLIC_URL'>): boolean =>
  !config.SMTP_URL && (config.DATABASE_URL !== undefined || !isPlainLoopback(config.PUBLIC_URL))

/** Checks that mail can be sent, and that mail and the links in it have TLS. */
export function checkMail(config: Config): Finding[] {
  const { SMTP_URL, APP_URL } = config
  if (!SMTP_URL) {
    if (!isMailMissing(config)) return [good('SMTP_URL', 'not set: mail is shown at /dev/mail, at the link in the log')]
    const fix = 'set SMTP_URL and MAIL_FROM'
    return [warning('SMTP_URL', 'not set: users can neither verify addresses nor reset passwords', fix)]
  }
  const { protocol, hostname } = new URL(SMTP_URL)
  const isCleartext = protocol === 'smtp:' && isPrivateHost(hostname) && !isPlainLoopback(`http://${hostname}`)
  const cleartext = warning(
    'SMTP_URL',
    `${hostname} is in a private network: mail is sent in the clear if the server does not offer TLS`,
    'use smtps:// if you do not trust the network'
  )
  const findings = [isCleartext ? cleartext : good('SMTP_URL', `${hostname}, with TLS or on this machine`)]
  if (APP_URL?.startsWith('http:') && !isPlainLoopback(APP_URL)) {
    const fix = 'set it to an https:// URL'
    findings.push(bad('APP_URL', 'has no TLS: the tokens in links are sent in the clear', fix))
  }
  return findings
}

/** Checks LIMITS and LOG_LEVEL. */
export function checkSwitches({ LIMITS, LOG_LEVEL }: Config): Finding[] {
  const findings: Finding[] = []
  if (LIMITS === 'off') findings.push(bad('LIMITS', 'off: passwords can be guessed without limit', 'set LIMITS to on'))
  if (['fatal', 'error', 'silent'].includes(LOG_LEVEL)) {
    const fix = 'set LOG_LEVEL to info or warn'
    findings.push(warning('LOG_LEVEL', `${LOG_LEVEL}: outages of the database are not logged`, fix))
  }
  return findings
}

/** The recommended maximum duration of a password hash, and the duration that is a problem, in milliseconds. */
const HASH_TIME = { good: 300, slow: 1_000 }

/** @param values an odd number of values */
export const median = (values: number[]) => values.sort((a, b) => a - b)[(values.length - 1) / 2] as number

/**
 * Checks the duration of a hash on this machine.
 *
 * @param milliseconds the CPU time of one hash of the configured cost
 */
export function checkCost(milliseconds: number, { BCRYPT_COST }: Pick<Config, 'BCRYPT_COST'>): Finding {
  // Each increment doubles the work. The minimum cost is 10, however slow the machine is.
  const best = Math.min(15, Math.max(10, BCRYPT_COST + Math.floor(Math.log2(HASH_TIME.good / milliseconds))))
  const found = `a hash of cost ${BCRYPT_COST} takes ${Math.round(milliseconds)} ms`
  // Does not recommend weaker hashes for a machine that is a little slow, or busy.
  if (best === BCRYPT_COST || (best < BCRYPT_COST && milliseconds < HASH_TIME.slow)) return good('BCRYPT_COST', found)
  const fix = `set BCRYPT_COST to ${best}, the highest under ${HASH_TIME.good} ms on this machine`
  return warning('BCRYPT_COST', found, fix)
}

/**
 * Checks that the secret in use decrypts the root secret in the database.
 *
 * @param about the source of the secret: `SECRET_KEY`, or the path of a file
 * @param fault the error, if it does not
 */
export function checkOpening(about: string, fault?: Error): Finding {
  if (!fault) return good(about, 'decrypts the root secret in the database')
  const why = fault instanceof RootSecretMismatch ? 'does not decrypt the root secret in the database' : fault.message
  const fix =
    about === 'SECRET_KEY'
      ? 'set it to the secret that the service last ran with, or set SECRET_KEY_PREVIOUS to that'
      : 'restore the file that belongs to this database, or set SECRET_KEY to the secret that was in it'
  return bad(about, `${why}: the service cannot start`, fix)
}

/** @param mode the permissions of a file or directory that contains secrets */
export function checkPermissions(path: string, mode: number): Finding {
  const permissions = (mode & 0o777).toString(8).padStart(4, '0')
  if ((mode & 0o077) === 0) return good(path, `accessible only to its owner (${permissions})`)
  return bad(path, `accessible to other users (${permissions})`, `chmod go= ${path}`)
}
