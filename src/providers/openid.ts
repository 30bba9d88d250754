import { createHash } from 'node:crypto'
import type { Clock } from '../clock.ts'
import type { ProviderKind, ProviderSettings } from '../config/providers-file.ts'
import { clientSecretOf } from './apple.ts'
import { checkOfClient, checksOfMetadata } from './checks.ts'
import { checkIdToken } from './id-token.ts'
import type { Client, Metadata, OpenId } from './openid-client.ts'
import { FederationRefusal, type ProvenIdentity, type Provider } from './provider.ts'
import { addressOf } from './provider-address.ts'

/** What a provider needs of the process. */
export interface ProviderContext {
  clock: Clock
  /** The library, while it loads. */
  openId(): Promise<OpenId>
  redirectUri: string
}

/**
 * How a provider is asked to have the user prove anew who they are (OpenID Connect Core 1.0 §3.1.2.1). Google and Apple
 * offer nothing of the kind.
 */
const REAUTHENTICATE: Partial<Record<ProviderKind, Record<string, string>>> = {
  google: { prompt: 'select_account' },
  microsoft: { prompt: 'login' },
  oidc: { prompt: 'login', max_age: '0' }
}

/**
 * How long ago a proof may be at a sign-in: a year, so that nobody is asked anew. Without such a limit most providers do
 * not say how long ago it was (`auth_time`, OpenID Connect Core 1.0 §2), and the session would count as fresh.
 */
const SAY_WHEN: Partial<Record<ProviderKind, Record<string, string>>> = { oidc: { max_age: '31536000' } }

/** How long metadata is used before it is fetched again, in milliseconds. */
const METADATA_MAX_AGE = 3_600_000

/** Creates an OpenID provider: any kind but GitHub. */
export function createOpenIdProvider(settings: ProviderSettings, context: ProviderContext): Provider {
  const { clock, openId, redirectUri } = context
  const { authMethod, clientId, issuer, kind, scopes } = settings
  const metadataOf = createMetadataCache(issuer, context)

  async function client(): Promise<Client> {
    const announced = await metadataOf()
    const metadata = authMethod ? { ...announced, token_endpoint_auth_methods_supported: [authMethod] } : announced
    return { metadata, clientId, secret: clientSecretOf(settings, clock.now()) }
  }

  /** Many providers have the address in the claims of the user alone (OpenID Connect Core 1.0 §5.4). */
  async function completeClaims(us: Client, accessToken: string, claims: Record<string, unknown>) {
    const isComplete = claims.email !== undefined || !scopes.includes('email')
    if (isComplete || us.metadata.userinfo_endpoint === undefined) return claims
    const { email, email_verified } = await (await openId()).fetchUserInfo(us, accessToken, String(claims.sub))
    return { ...claims, email, email_verified }
  }

  return {
    settings,
    redirectUri,

    checks: [...checksOfMetadata(openId, client), checkOfClient(openId, client, { redirectUri, isOpenId: true })],

    async begin({ state, nonce, verifier, reauthenticate }) {
      return (await openId()).authorizationUrl(await client(), {
        redirect_uri: redirectUri,
        scope: scopes.join(' '),
        state,
        nonce,
        ...challengeOf(verifier),
        ...(reauthenticate ? REAUTHENTICATE : SAY_WHEN)[kind],
        // Apple gives no address otherwise.
        ...(kind === 'apple' && { response_mode: 'form_post' })
      })
    },

    async complete(answer, secrets) {
      const us = await client()
      checkIssuer(answer, us.metadata)
      const { accessToken, claims } = await (await openId()).redeem(us, urlOf(redirectUri, answer), secrets, true)
      const subject = checkIdToken(claims, { clientId, now: clock.now() })
      return identityOf(
        settings,
        { issuer: us.metadata.issuer, subject },
        await completeClaims(us, accessToken, claims),
        clock.now()
      )
    }
  }
}

function identityOf(
  { kind, trustEmail }: ProviderSettings,
  identity: Pick<ProvenIdentity, 'issuer' | 'subject'>,
  { email, email_verified, auth_time }: Record<string, unknown>,
  now: number
): ProvenIdentity {
  // Text such as "false" is no verification. Apple, and only Apple, writes "true".
  const isVerified = email_verified === true || (kind === 'apple' && email_verified === 'true')
  const authTime = typeof auth_time === 'number' && { authTime: Math.max(0, Math.min(auth_time, now / 1000)) }
  return { ...identity, ...addressOf(email, trustEmail && isVerified), ...authTime }
}

/** Fetches metadata when it is first needed and when it is old. An old copy is used while the provider is unavailable. */
function createMetadataCache(issuer: string, { clock, openId }: ProviderContext): () => Promise<Metadata> {
  let known: { metadata: Metadata; fetchedAt: number } | undefined
  return async () => {
    if (known && clock.now() - known.fetchedAt < METADATA_MAX_AGE) return known.metadata
    const stale = known
    try {
      known = { metadata: await (await openId()).discover(issuer), fetchedAt: clock.now() }
      return known.metadata
    } catch (error) {
      if (stale && (error as FederationRefusal).reason === 'provider unavailable') return stale.metadata
      throw error
    }
  }
}

/** Checks the issuer of an answer, where it is stated or announced (RFC 9207 §2.4). */
export function checkIssuer(answer: URLSearchParams, metadata: Metadata): void {
  const isAnnounced = metadata.authorization_response_iss_parameter_supported === true
  const stated = answer.getAll('iss')
  if (stated.length === 0 && !isAnnounced) return
  if (stated.length !== 1 || stated[0] !== metadata.issuer) throw new FederationRefusal('wrong issuer')
}

/** The redirect address as it was called. */
export const urlOf = (redirectUri: string, answer: URLSearchParams) => new URL(`${redirectUri}?${answer}`)

/** The code challenge of PKCE (RFC 7636 §4.2). */
export const challengeOf = (verifier: string) => ({
  code_challenge: createHash('sha256').update(verifier).digest('base64url'),
  code_challenge_method: 'S256'
})
