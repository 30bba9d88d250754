import ipaddr from 'ipaddr.js'
import { isLoopback, isPlainLoopback } from '../http/loopback.ts'

/** The relying party of passkeys (WebAuthn Level 3 §4). */
export interface RelyingParty {
  /** The RP ID. */
  id: string
  /** The origins at which passkeys can be used, exactly as browsers name them. */
  origins: string[]
}

/** The settings that determine it. */
export interface PasskeySettings {
  PUBLIC_URL: string
  CORS_ORIGINS: string[]
  PASSKEY_RP_ID?: string
  PASSKEY_ORIGINS: string[]
}

/** The relying party of the settings, or what is wrong with them. */
export interface PasskeySetup {
  /** Undefined if browsers have no passkeys at PUBLIC_URL, or if a setting is invalid. */
  party?: RelyingParty
  /** One sentence for each problem, for the operator. */
  faults: string[]
}

/**
 * Reads the relying party from the settings. Browsers have passkeys on https, and on plain http only at `localhost`. With a
 * loopback address, passkeys work at `localhost`; with any other address there are none.
 */
export function readRelyingParty(settings: PasskeySettings): PasskeySetup {
  const { PUBLIC_URL, PASSKEY_RP_ID, PASSKEY_ORIGINS } = settings
  const host = passkeyHost(PUBLIC_URL)
  if (host === undefined) return { faults: faultsWithoutPasskeys(settings) }
  const id = PASSKEY_RP_ID ?? host
  const faults = [
    ...(isAtOrAbove(id, host) ? [] : [`PASSKEY_RP_ID must be ${host} or a domain above it, of more than one label`]),
    ...(PASSKEY_ORIGINS.every(hasPasskeys)
      ? []
      : ['PASSKEY_ORIGINS must be of https with a name, or http://localhost: browsers have no passkeys elsewhere'])
  ]
  return faults.length > 0 ? { faults } : { party: { id, origins: originsOf(id, settings) }, faults }
}

/** The host of PUBLIC_URL as an RP ID; undefined if browsers have no passkeys there. */
function passkeyHost(publicUrl: string): string | undefined {
  const { protocol, hostname } = new URL(publicUrl)
  if (isLoopback(bare(hostname))) return 'localhost'
  if (ipaddr.isValid(bare(hostname))) return undefined
  return protocol === 'https:' || isPlainLoopback(publicUrl) ? hostname : undefined
}

const bare = (hostname: string) => hostname.replace(/^\[(.*)\]$/, '$1')

function faultsWithoutPasskeys({ PASSKEY_RP_ID, PASSKEY_ORIGINS }: PasskeySettings): string[] {
  const given = { PASSKEY_RP_ID: PASSKEY_RP_ID !== undefined, PASSKEY_ORIGINS: PASSKEY_ORIGINS.length > 0 }
  return Object.entries(given).flatMap(([name, isGiven]) =>
    isGiven
      ? [
          `${name} must not be set where PUBLIC_URL is neither https with a name nor on this machine: it has no passkeys`
        ]
      : []
  )
}

/** A domain of one label is a public suffix, unless it is the host itself. */
const isAtOrAbove = (id: string, host: string) => id === host || (id.includes('.') && isBelow(host, id))

const isBelow = (host: string, id: string) => host.endsWith(`.${id}`)

const isApp = (origin: string) => !/^https?:/.test(origin)

/** Whether browsers have passkeys at an origin. They have none at an IP address, including 127.0.0.1. */
export function hasPasskeys(origin: string): boolean {
  if (isApp(origin)) return true
  const { protocol, hostname } = new URL(origin)
  return !ipaddr.isValid(bare(hostname)) && (protocol === 'https:' || isPlainLoopback(origin))
}

/**
 * The URL at which passkeys work, for a service on this machine that a browser addresses by an IP address.
 *
 * @param host the Host header of the request
 * @returns undefined if the browser may have passkeys where it is
 */
export function passkeyUrl(publicUrl: string, host: string | undefined): string | undefined {
  const requested = `http://${host}`
  if (!isPlainLoopback(publicUrl) || !URL.canParse(requested)) return undefined
  if (!ipaddr.isValid(bare(new URL(requested).hostname))) return undefined
  const url = new URL(publicUrl)
  if (ipaddr.isValid(bare(url.hostname))) url.hostname = 'localhost'
  return url.href.replace(/\/$/, '')
}

/** Whether an origin is at the RP ID or below it. */
function isCovered(origin: string, id: string): boolean {
  if (isApp(origin)) return true
  const { hostname } = new URL(origin)
  return hostname === id || isBelow(hostname, id)
}

function originsOf(id: string, { PUBLIC_URL, CORS_ORIGINS, PASSKEY_ORIGINS }: PasskeySettings): string[] {
  const { protocol, hostname, port, origin } = new URL(PUBLIC_URL)
  const isAddress = isLoopback(bare(hostname))
  const own = isAddress ? [origin, `${protocol}//localhost${port && `:${port}`}`] : [origin]
  const byDefault = [...own, ...CORS_ORIGINS.filter((each) => hasPasskeys(each) && isCovered(each, id))]
  // At a loopback address, the pages of the service have passkeys at `localhost`.
  return [...new Set(PASSKEY_ORIGINS.length > 0 ? [...PASSKEY_ORIGINS, ...own.slice(1)] : byDefault)]
}

/**
 * The origins outside the RP ID. Browsers look for them at `/.well-known/webauthn` (WebAuthn Level 3 §5.11). A loopback
 * address is none of them: browsers have no passkeys there.
 */
export function relatedOrigins({ id, origins }: RelyingParty): string[] {
  return origins.filter((origin) => hasPasskeys(origin) && !isCovered(origin, id))
}

/** The origins of CORS_ORIGINS at which passkeys cannot be used. */
export function originsWithoutPasskeys({ origins }: RelyingParty, { CORS_ORIGINS }: PasskeySettings): string[] {
  return CORS_ORIGINS.filter((origin) => !origins.includes(origin))
}
