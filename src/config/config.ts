import { Ajv, type ErrorObject } from 'ajv'
import ipaddr from 'ipaddr.js'
import { isAddress } from '../http/client-address.ts'
import { withoutBrackets } from '../http/loopback.ts'
import { hasUnambiguousCredentials } from './database-url.ts'
import { Environment, type Settings } from './environment.ts'
import {
  folderProblem,
  isCertificate,
  isDecodable,
  isDomain,
  isHost,
  isPasskeyOrigin,
  isPublicUrl,
  isRange,
  isReadableFolder,
  isSmtpUrl,
  list,
  parseUrl,
  readSender,
  type Sender,
  urlHost
} from './formats.ts'
import { type ProviderSettings, readProviders } from './providers-file.ts'
import { readRelyingParty } from './relying-party.ts'
import { readSecretFiles } from './secret-files.ts'

/** The validated configuration, with all defaults, and lists as arrays. */
export interface Config
  extends Omit<
    Settings,
    | 'RESERVED_USERNAMES'
    | 'CORS_ORIGINS'
    | 'TRUSTED_PROXIES'
    | 'PUBLIC_URL'
    | 'AUDIENCE'
    | 'PASSKEY_ORIGINS'
    | 'MAIL_FROM'
    | 'PAGES'
    | 'PROVIDERS'
  > {
  /** In lower case. */
  RESERVED_USERNAMES: string[]
  CORS_ORIGINS: string[]
  TRUSTED_PROXIES: string[]
  PUBLIC_URL: string
  AUDIENCE: string
  PASSKEY_ORIGINS: string[]
  MAIL_FROM: Sender
  /** Whether people sign in and manage their account on the service's own pages. */
  PAGES: 'on' | 'off'
  /** The providers with which people sign in. */
  PROVIDERS: ProviderSettings[]
}

/** The configuration is invalid. The message lists every fault with its fix, without values. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError'
  readonly faults: string[]

  constructor(faults: string[]) {
    super(`The configuration is invalid:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`)
    this.faults = faults
  }
}

/**
 * Reads and validates the configuration.
 *
 * @param environment of the process, after `readEnvFile`; blank values count as not set
 * @param variables where the file of providers may refer to; undefined if it must not
 * @throws ConfigurationError with every fault and its fix
 */
export function readConfig(
  environment: NodeJS.ProcessEnv = process.env,
  { variables }: { variables: NodeJS.ProcessEnv | undefined } = { variables: environment }
): Config {
  const { secrets, faults: ofFiles } = readSecretFiles(environment)
  const given = Object.fromEntries(Object.entries({ ...environment, ...secrets }).filter(([, value]) => value?.trim()))
  const errors = isValid(given) ? [] : (isValid.errors as ErrorObject[])
  // With the defaults, which the validation fills in.
  const settings = given as unknown as Settings
  const names = new Set(errors.map(nameOf))
  const others = [...names].filter((name) => !ofFiles.has(name))
  const faults = [...ofFiles.values(), ...others.map((name) => describe(name, settings))]
  // Whether settings fit each other can be told only of those that are valid.
  if (OF_PASSKEYS.every((name) => !names.has(name))) {
    faults.push(...readRelyingParty(completePasskeys(settings)).faults)
  }
  const { providers, faults: ofProviders } = readProvidersOf(settings, variables)
  faults.push(...ofProviders)
  if (faults.length > 0) throw new ConfigurationError(faults)
  return { ...complete(settings), PROVIDERS: providers }
}

/** The settings that passkeys depend on. */
const OF_PASSKEYS = ['HOST', 'PORT', 'PUBLIC_URL', 'CORS_ORIGINS', 'PASSKEY_RP_ID', 'PASSKEY_ORIGINS']

function completePasskeys({ PASSKEY_RP_ID, ...settings }: Settings) {
  return {
    PUBLIC_URL: normalUrl(settings.PUBLIC_URL ?? `http://${urlHost(settings.HOST)}:${settings.PORT}`),
    CORS_ORIGINS: list(settings.CORS_ORIGINS),
    ...(PASSKEY_RP_ID !== undefined && { PASSKEY_RP_ID }),
    PASSKEY_ORIGINS: list(settings.PASSKEY_ORIGINS)
  }
}

function readProvidersOf({ PROVIDERS, PAGES, APP_URL }: Settings, variables: NodeJS.ProcessEnv | undefined) {
  if (PROVIDERS === undefined) return { providers: [], faults: [] }
  const read = readProviders(PROVIDERS, variables)
  // The way back from a provider ends on the pages, which ask for the second step.
  if (pagesOf({ PAGES, APP_URL }) === 'off') read.faults.push('PROVIDERS needs the pages: set PAGES=on')
  return read
}

const pagesOf = ({ PAGES, APP_URL }: { PAGES?: 'on' | 'off' | undefined; APP_URL?: string | undefined }) =>
  PAGES ?? (APP_URL === undefined ? 'on' : 'off')

function complete(settings: Settings): Omit<Config, 'PROVIDERS'> {
  const { PROVIDERS: _, ...given } = settings
  const { APP_URL, SERVICE_URL } = settings
  const passkeys = completePasskeys(settings)
  return {
    ...given,
    PAGES: pagesOf(settings),
    ...(APP_URL !== undefined && { APP_URL: normalUrl(APP_URL) }),
    ...(SERVICE_URL !== undefined && { SERVICE_URL: normalUrl(SERVICE_URL) }),
    RESERVED_USERNAMES: settings.RESERVED_USERNAMES === 'none' ? [] : list(settings.RESERVED_USERNAMES.toLowerCase()),
    TRUSTED_PROXIES: list(settings.TRUSTED_PROXIES),
    ...passkeys,
    AUDIENCE: settings.AUDIENCE ?? passkeys.PUBLIC_URL,
    MAIL_FROM: readSender(settings.MAIL_FROM ?? '') ?? {
      name: '',
      address: `no-reply@${mailDomainOf(passkeys.PUBLIC_URL)}`
    }
  }
}

/**
 * Normalizes a URL (RFC 3986 §6.2.2 and §6.2.3), without a slash at the end: it is compared as text, for example as
 * `iss`, and paths are appended to it.
 */
function normalUrl(text: string): string {
  const { origin, pathname } = new URL(text)
  return `${origin}${pathname.replace(/\/+$/, '')}`
}

/** The domain of an email address. An IP address is in brackets (RFC 5321 §4.1.3). */
function mailDomainOf(url: string): string {
  const { hostname } = new URL(url)
  const address = withoutBrackets(hostname)
  if (!ipaddr.isValid(address)) return hostname
  return ipaddr.parse(address).kind() === 'ipv6' ? `[IPv6:${address}]` : `[${address}]`
}

const nameOf = ({ instancePath, params }: ErrorObject): string => params.missingProperty ?? instancePath.slice(1)

function describe(name: string, { DATA_DIR }: Pick<Settings, 'DATA_DIR'>): string {
  const fault = `${name} must be ${Environment.properties[name as keyof Settings].fix}`
  // The path is not a secret, so the message may contain it.
  return name === 'DATA_DIR' ? `${fault}: ${folderProblem(DATA_DIR)}` : fault
}

const ajv = new Ajv({
  allErrors: true,
  // Variables of other programs.
  removeAdditional: true,
  useDefaults: true,
  coerceTypes: true,
  // Otherwise ajv neither refuses the number Infinity, which it has made from text, nor compares it with a maximum.
  strictNumbers: false,
  validateSchema: false,
  keywords: ['fix', 'secret'],
  formats: {
    secret: (text: string) => Buffer.byteLength(text) >= 32,
    // Printable ASCII, since it is compared with a header; without spaces at the ends, which HTTP removes.
    key: (text: string) => /^[!-~][ -~]{30,}[!-~]$/.test(text),
    host: isHost,
    folder: (path: string) => folderProblem(path) === undefined,
    cidrs: (text: string) => list(text).every((entry) => isAddress(entry) || isRange(entry)),
    usernames: (text: string) =>
      list(text).every((entry) => /^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$/.test(entry)),
    origins: (text: string) => list(text).every((entry) => parseUrl(entry)?.origin === entry),
    domain: isDomain,
    'passkey-origins': (text: string) => list(text).every(isPasskeyOrigin),
    'database-url': (text: string) =>
      /^postgres(?:ql)?:$/.test(parseUrl(text)?.protocol ?? '') && isDecodable(text) && hasUnambiguousCredentials(text),
    'public-url': isPublicUrl,
    'smtp-url': isSmtpUrl,
    'mail-from': (text: string) => readSender(text) !== undefined,
    'readable-folder': isReadableFolder,
    collector: (text: string) => /^https?:$/.test(parseUrl(text)?.protocol ?? '') && hasUnambiguousCredentials(text),
    certificate: isCertificate
  }
})

const isValid = ajv.compile<Settings>(Environment)
