import { X509Certificate } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import { type Static, Type } from '@sinclair/typebox'
import { Ajv, type ErrorObject } from 'ajv'
import ipaddr from 'ipaddr.js'
import { isAddress } from '../http/client-address.ts'
import { hasPlainCredentials } from './database-url.ts'

const seconds = (byDefault: number, mend: string) => Type.Integer({ minimum: 1, default: byDefault, mend })
const secret = (mend: string) => Type.Optional(Type.String({ format: 'secret', mend }))
const onOff = (byDefault: 'on' | 'off') =>
  Type.Union([Type.Literal('on'), Type.Literal('off')], { default: byDefault, mend: 'on or off' })
const key = Type.Optional(
  Type.String({ format: 'key', mend: 'text of 32 bytes or more, of ASCII without spaces around it' })
)

const Environment = Type.Object(
  {
    DATABASE_URL: Type.Optional(
      Type.String({
        format: 'database-url',
        mend: 'a URL such as postgres://user:password@host:5432/database: percent-encode the password in DATABASE_URL (%2F for /, %3F for ?, %23 for #, %25 for %)'
      })
    ),
    DATABASE_POOL: Type.Integer({ minimum: 1, maximum: 1000, default: 10, mend: 'a whole number from 1 to 1000' }),
    DATABASE_CA: Type.Optional(
      Type.String({ format: 'certificate', mend: 'the path of a readable file with a certificate in PEM' })
    ),
    DATA_DIR: Type.String({ format: 'folder', default: './data', mend: 'the path of a folder' }),
    SECRET_KEY: secret('text of 32 bytes or more, for example the output of: openssl rand -base64 32'),
    SECRET_KEY_PREVIOUS: secret('the SECRET_KEY used before, text of 32 bytes or more'),
    KEY_MAX_AGE: Type.Integer({
      minimum: 0,
      maximum: 3650,
      default: 90,
      mend: 'days, a whole number from 0 to 3650, and 0 for never'
    }),
    PORT: Type.Integer({ minimum: 1, maximum: 65535, default: 3000, mend: 'a port from 1 to 65535' }),
    HOST: Type.String({ format: 'host', default: '127.0.0.1', mend: 'an IP address or a host name' }),
    PUBLIC_URL: Type.Optional(
      Type.String({ format: 'public-url', mend: 'an http(s) URL without credentials, query or fragment' })
    ),
    AUDIENCE: Type.Optional(Type.String({ mend: 'any text' })),
    ACCESS_TOKEN_TTL: seconds(900, 'seconds, a positive whole number'),
    REFRESH_IDLE_TTL: seconds(2592000, 'seconds, a positive whole number'),
    REFRESH_MAX_TTL: seconds(15552000, 'seconds, a positive whole number'),
    REFRESH_GRACE: Type.Integer({
      minimum: 0,
      maximum: 300,
      default: 10,
      mend: 'seconds, a whole number from 0 to 300'
    }),
    BCRYPT_COST: Type.Integer({ minimum: 10, maximum: 15, default: 12, mend: 'a whole number from 10 to 15' }),
    PASSWORD_MIN: Type.Integer({ minimum: 8, maximum: 64, default: 8, mend: 'a whole number from 8 to 64' }),
    HASH_CONCURRENCY: Type.Integer({
      minimum: 1,
      maximum: 1024,
      default: availableParallelism(),
      mend: 'a whole number from 1 to 1024'
    }),
    HASH_QUEUE: Type.Integer({ minimum: 0, maximum: 100000, default: 64, mend: 'a whole number from 0 to 100000' }),
    RESERVED_USERNAMES: Type.String({
      format: 'usernames',
      default:
        'admin,administrator,root,system,security,support,help,info,api,postmaster,hostmaster,webmaster,abuse,noreply,no-reply',
      mend: 'comma-separated usernames, or none'
    }),
    CORS_ORIGINS: Type.String({
      format: 'origins',
      default: '',
      mend: 'comma-separated origins such as https://app.example.com, without a path'
    }),
    TRUSTED_PROXIES: Type.String({
      format: 'cidrs',
      default: '',
      mend: 'comma-separated addresses or CIDRs such as 10.0.0.0/8'
    }),
    SMTP_URL: Type.Optional(
      Type.String({
        format: 'smtp-url',
        mend: 'a URL such as smtp://user:password@host:587 or smtps://user:password@host: percent-encode the password in SMTP_URL'
      })
    ),
    SMTP_CONNECTIONS: Type.Integer({ minimum: 1, maximum: 100, default: 20, mend: 'a whole number from 1 to 100' }),
    MAIL_FROM: Type.Optional(
      Type.String({
        format: 'mail-from',
        mend: 'one address, such as no-reply@example.com or Example <no-reply@example.com>'
      })
    ),
    MAIL_TEMPLATES: Type.Optional(Type.String({ format: 'readable-folder', mend: 'the path of a readable folder' })),
    APP_URL: Type.Optional(
      Type.String({ format: 'public-url', mend: 'an http(s) URL without credentials, query or fragment' })
    ),
    SERVICE_URL: Type.Optional(
      Type.String({ format: 'public-url', mend: 'an http(s) URL without credentials, query or fragment' })
    ),
    REQUIRE_VERIFIED_EMAIL: onOff('off'),
    HIDE_ACCOUNTS: onOff('off'),
    LIMITS: onOff('on'),
    LOG_LEVEL: Type.Union(
      ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'].map((level) => Type.Literal(level)),
      { default: 'info', mend: 'fatal, error, warn, info, debug, trace or silent' }
    ),
    INTROSPECTION_KEY: key,
    METRICS_KEY: key,
    OTEL_EXPORTER_OTLP_ENDPOINT: Type.Optional(
      Type.String({ format: 'collector', mend: 'an http(s) URL such as http://127.0.0.1:4318' })
    ),
    OTEL_SERVICE_NAME: Type.String({ default: 'latchkey', mend: 'any text' })
  },
  // The embedded database makes a secret of its own; for a server it has to be the same in every instance. What a mail
  // server lets pass as a sender cannot be guessed.
  { additionalProperties: false, dependencies: { DATABASE_URL: ['SECRET_KEY'], SMTP_URL: ['MAIL_FROM'] } }
)

type Settings = Static<typeof Environment>

/** The names of all settings. */
export const SETTINGS = Object.keys(Environment.properties)

/** The checked configuration, every default filled in and every list split. */
export interface Config
  extends Omit<
    Settings,
    'RESERVED_USERNAMES' | 'CORS_ORIGINS' | 'TRUSTED_PROXIES' | 'PUBLIC_URL' | 'AUDIENCE' | 'MAIL_FROM'
  > {
  /** In lower case; a username is ASCII. */
  RESERVED_USERNAMES: string[]
  CORS_ORIGINS: string[]
  TRUSTED_PROXIES: string[]
  PUBLIC_URL: string
  AUDIENCE: string
  MAIL_FROM: Sender
}

/** Whom letters come from. */
export interface Sender {
  /** Empty where there is none. */
  name: string
  address: string
}

/** The environment does not fit: the message names every fault and its mend, and no value of a secret. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError'
  readonly faults: string[]

  constructor(faults: string[]) {
    super(`The configuration does not fit:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`)
    this.faults = faults
  }
}

/**
 * Reads and checks the whole configuration.
 *
 * @param environment the process's environment, with `.env` already read into it; a blank value counts as none
 * @throws ConfigurationError naming every fault at once, and how to mend each
 */
export function readConfig(environment: NodeJS.ProcessEnv = process.env): Config {
  const settings = Object.fromEntries(Object.entries(environment).filter(([, value]) => value?.trim()))
  if (!fits(settings)) throw new ConfigurationError(describe(fits.errors as ErrorObject[], settings))
  return complete(settings)
}

function complete(settings: Settings): Config {
  const { APP_URL, SERVICE_URL } = settings
  const publicUrl = normalUrl(settings.PUBLIC_URL ?? `http://${inUrl(settings.HOST)}:${settings.PORT}`)
  return {
    ...settings,
    ...(APP_URL !== undefined && { APP_URL: normalUrl(APP_URL) }),
    ...(SERVICE_URL !== undefined && { SERVICE_URL: normalUrl(SERVICE_URL) }),
    RESERVED_USERNAMES: settings.RESERVED_USERNAMES === 'none' ? [] : list(settings.RESERVED_USERNAMES.toLowerCase()),
    CORS_ORIGINS: list(settings.CORS_ORIGINS),
    TRUSTED_PROXIES: list(settings.TRUSTED_PROXIES),
    PUBLIC_URL: publicUrl,
    AUDIENCE: settings.AUDIENCE ?? publicUrl,
    MAIL_FROM: readSender(settings.MAIL_FROM ?? '') ?? { name: '', address: `no-reply@${hostOf(publicUrl)}` }
  }
}

/**
 * One spelling of a URL (RFC 3986 §6.2.2 and §6.2.3), whatever letter case, default port or slash at the end it was
 * configured with: it is compared as text, as the `iss` of tokens among others, and paths are added to it.
 */
function normalUrl(text: string): string {
  const { origin, pathname } = new URL(text)
  return `${origin}${pathname.replace(/\/+$/, '')}`
}

/** What stands after the @ of an address: an IP address does so in brackets (RFC 5321 §4.1.3). */
function hostOf(url: string): string {
  const { hostname } = new URL(url)
  const address = hostname.replace(/^\[(.*)\]$/, '$1')
  if (!ipaddr.isValid(address)) return hostname
  return ipaddr.parse(address).kind() === 'ipv6' ? `[IPv6:${address}]` : `[${address}]`
}

function describe(errors: ErrorObject[], { DATA_DIR }: NodeJS.ProcessEnv): string[] {
  const names = new Set(errors.map(({ instancePath, params }) => params.missingProperty ?? instancePath.slice(1)))
  return [...names].map((name) => {
    const fault = `${name} must be ${Environment.properties[name as keyof Settings].mend}`
    // Which path it is can be said: it is no secret.
    return name === 'DATA_DIR' ? `${fault}: ${whyNoFolder(DATA_DIR as string)}` : fault
  })
}

function list(text: string): string[] {
  return text
    .split(',')
    .map((entry) => entry.trim())
    .filter(Boolean)
}

const ajv = new Ajv({
  allErrors: true,
  // The rest of the environment is none of ours.
  removeAdditional: true,
  useDefaults: true,
  coerceTypes: true,
  validateSchema: false,
  keywords: ['mend'],
  formats: {
    secret: (text: string) => Buffer.byteLength(text) >= 32,
    // What arrives in a header as it was configured.
    key: (text: string) => /^[!-~][ -~]{30,}[!-~]$/.test(text),
    host: isHost,
    folder: (path: string) => whyNoFolder(path) === undefined,
    cidrs: (text: string) => list(text).every((entry) => isAddress(entry) || isRange(entry)),
    usernames: (text: string) =>
      list(text).every((entry) => /^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$/.test(entry)),
    origins: (text: string) => list(text).every((entry) => parseUrl(entry)?.origin === entry),
    'database-url': (text: string) =>
      /^postgres(?:ql)?:$/.test(parseUrl(text)?.protocol ?? '') && isDecodable(text) && hasPlainCredentials(text),
    'public-url': isPublicUrl,
    'smtp-url': isSmtpUrl,
    'mail-from': (text: string) => readSender(text) !== undefined,
    'readable-folder': isReadableFolder,
    collector: (text: string) => /^https?:$/.test(parseUrl(text)?.protocol ?? '') && hasPlainCredentials(text),
    certificate: isCertificate
  }
})

const fits = ajv.compile<Settings>(Environment)

/** Whether it is one that the URL made of it takes too, which no number of more than 255 or zone is. */
function isHost(text: string): boolean {
  const isOne = ipaddr.isValid(text) || /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/i.test(text)
  return isOne && URL.canParse(`http://${inUrl(text)}`)
}

/** An address of version 6 stands in brackets (RFC 3986 §3.2.2). */
const inUrl = (host: string) => (host.includes(':') ? `[${host}]` : host)

/** Why there can be no folder: nothing where there is one, or nothing yet. */
function whyNoFolder(path: string): string | undefined {
  try {
    return statSync(path).isDirectory() ? undefined : `${resolve(path)} is not one`
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    return code === 'ENOENT' ? undefined : message
  }
}

function isRange(text: string): boolean {
  return ipaddr.IPv6.isValidCIDR(text) || ipaddr.IPv4.isValidCIDRFourPartDecimal(text)
}

function parseUrl(text: string): URL | null {
  return URL.canParse(text) ? new URL(text) : null
}

function isPublicUrl(text: string): boolean {
  const url = parseUrl(text)
  return (
    url !== null &&
    ['http:', 'https:'].includes(url.protocol) &&
    url.username === '' &&
    url.password === '' &&
    !/[\s?#]/.test(text)
  )
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text)
    return true
  } catch {
    return false
  }
}

/** An address as a mail has it (RFC 5322 §3.4), of which nothing has to be quoted. */
function readSender(text: string): Sender | undefined {
  const [, name = '', bracketed, bare] = SENDER.exec(text) ?? []
  const address = bracketed ?? bare
  return address === undefined ? undefined : { name: name.trim(), address }
}

const SENDER = /^(?:([^\p{C}"<>@,;:\\]*)<([^\s<>@,;:]+@[^\s<>@,;:]+)>|([^\s<>@,;:]+@[^\s<>@,;:]+))$/u

/** Of the query, which the library would take for options that weaken the connection, nothing is taken. */
function isSmtpUrl(text: string): boolean {
  const url = parseUrl(text)
  return (
    url !== null &&
    /^smtps?:$/.test(url.protocol) &&
    url.hostname !== '' &&
    /^\/?$/.test(url.pathname) &&
    !/[\s?#]/.test(text) &&
    [url.username, url.password].every(isDecodable)
  )
}

function isReadableFolder(path: string): boolean {
  try {
    return readdirSync(path).length >= 0
  } catch {
    return false
  }
}

function isCertificate(path: string): boolean {
  try {
    return new X509Certificate(readFileSync(path)).subject !== ''
  } catch {
    return false
  }
}
