import ipaddr from 'ipaddr.js'
import { isLoopback, isPlainLoopback } from '../http/loopback.ts'

/** Who passkeys are for (WebAuthn Level 3 §4, "Relying Party"). */
export interface RelyingParty {
  /** The RP ID. */
  id: string
  /** Where passkeys may be used, each exactly as browsers name it. */
  origins: string[]
}

/** The settings that it comes from. */
export interface PasskeySettings {
  PUBLIC_URL: string
  CORS_ORIGINS: string[]
  PASSKEY_RP_ID?: string
  PASSKEY_ORIGINS: string[]
}

/** What comes of the settings. */
export interface PasskeySetup {
  /** None where browsers have no passkeys at PUBLIC_URL, or a setting is at fault. */
  party?: RelyingParty
  /** What is wrong with the settings, as sentences for the operator. */
  faults: string[]
}

/**
 * The relying party of an installation. Browsers have passkeys on https, and in plain http on `localhost` alone: at a
 * loopback address there are passkeys at `localhost`, and at any other address there are none.
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

/** The host of PUBLIC_URL as browsers take it for a relying party; none where they have no passkeys. */
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

/** A domain of one label would be a public suffix, unless it is the host itself. */
const isAtOrAbove = (id: string, host: string) => id === host || (id.includes('.') && isBelow(host, id))

const isBelow = (host: string, id: string) => host.endsWith(`.${id}`)

const isApp = (origin: string) => !/^https?:/.test(origin)

/** Whether browsers have passkeys at an origin: never at an address, not even at 127.0.0.1. */
export function hasPasskeys(origin: string): boolean {
  if (isApp(origin)) return true
  const { protocol, hostname } = new URL(origin)
  return !ipaddr.isValid(bare(hostname)) && (protocol === 'https:' || isPlainLoopback(origin))
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
  // The twin of an address is where the service's own pages have passkeys.
  return [...new Set(PASSKEY_ORIGINS.length > 0 ? [...PASSKEY_ORIGINS, ...own.slice(1)] : byDefault)]
}

/** Origins outside of the RP ID, which browsers look up at `/.well-known/webauthn` (WebAuthn Level 3 §5.11). */
export function relatedOrigins({ id, origins }: RelyingParty): string[] {
  return origins.filter((origin) => !isCovered(origin, id))
}

/** The origins of CORS_ORIGINS where passkeys cannot be used: a warning for the operator. */
export function originsWithoutPasskeys({ origins }: RelyingParty, { CORS_ORIGINS }: PasskeySettings): string[] {
  return CORS_ORIGINS.filter((origin) => !origins.includes(origin))
}
