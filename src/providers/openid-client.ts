import type { ClientAuth, ClientMetadata, Configuration, ServerMetadata } from 'openid-client'
import type { Clock } from '../clock.ts'
import { isPlainLoopback } from '../http/loopback.ts'
import type { BoundedFetch } from './bounded-fetch.ts'
import { FederationRefusal, type Reason, type Secrets } from './provider.ts'

/** What is known of a provider: its endpoints, and what it supports (RFC 8414, OpenID Connect Discovery 1.0). */
export type Metadata = ServerMetadata

/** This service as a client of a provider. */
export interface Client {
  metadata: Metadata
  clientId: string
  secret: string
}

/** The answer of a token endpoint. */
export interface Tokens {
  accessToken: string
  /** The claims of the ID token, whose signature, issuer, audience, times and nonce are verified. */
  claims: Record<string, unknown>
}

/** OpenID Connect and OAuth 2.0. Every error is a FederationRefusal. */
export interface OpenId {
  /** Fetches the metadata of an issuer. */
  discover(issuer: string): Promise<Metadata>
  /**
   * Fetches the keys of an issuer, for a check of its settings.
   *
   * @returns how many may sign
   */
  countKeys(metadata: Metadata): Promise<number>
  authorizationUrl(client: Client, parameters: Record<string, string>): string
  /**
   * Verifies the answer and redeems its code.
   *
   * @param answer the redirect address with the parameters that came back
   * @param isOpenId whether there must be an ID token
   */
  redeem(client: Client, answer: URL, secrets: Secrets, isOpenId: boolean): Promise<Tokens>
  /** Fetches the claims of the user, who must be the subject. */
  fetchUserInfo(client: Client, accessToken: string, subject: string): Promise<Record<string, unknown>>
  /** Fetches JSON with an access token. */
  fetchJson(client: Client, accessToken: string, url: string): Promise<unknown>
}

/** How long the keys of a provider are used, in milliseconds. An unknown key id fetches them earlier. */
const KEYS_MAX_AGE = 600_000

/** The library fetches keys anew for an unknown key id only if they are older than this, in seconds. */
const RENEWABLE_AGE = 61

/** Loads the library, which takes 0.3 s: only where there is a provider. */
export async function loadOpenId(fetch: BoundedFetch, clock: Clock): Promise<OpenId> {
  const library = await import('openid-client')
  const keys = new Map<string, { jwks: object; fetchedAt: number }>()

  function setUp(configuration: Configuration, { issuer, jwks_uri }: Metadata): Configuration {
    configuration[library.customFetch] = fetch
    if (isPlainLoopback(issuer)) library.allowInsecureRequests(configuration)
    // Otherwise the library does not verify the signature of an ID token that comes from the token endpoint.
    library.enableNonRepudiationChecks(configuration)
    const known = keys.get(String(jwks_uri))
    if (known && clock.now() - known.fetchedAt < KEYS_MAX_AGE) {
      const uat = Math.floor(Date.now() / 1000) - RENEWABLE_AGE
      library.setJwksCache(configuration, { jwks: known.jwks as never, uat })
    }
    return configuration
  }

  function configure({ metadata, clientId, secret }: Client): Configuration {
    const skew = Math.round((clock.now() - Date.now()) / 1000)
    const client: Partial<ClientMetadata> = { [library.clockSkew]: skew }
    return setUp(new library.Configuration(metadata, clientId, client, authenticationOf(metadata, secret)), metadata)
  }

  /** RFC 6749 §2.3.1: Basic, or parameters of the body if the provider supports them. */
  function authenticationOf({ token_endpoint_auth_methods_supported: methods }: Metadata, secret: string): ClientAuth {
    return methods?.includes('client_secret_post')
      ? library.ClientSecretPost(secret)
      : library.ClientSecretBasic(secret)
  }

  /** Keeps the keys that the library has just fetched. */
  function keepKeys(configuration: Configuration, { jwks_uri }: Metadata): void {
    const fetched = library.getJwksCache(configuration)
    const isNew = fetched && Date.now() / 1000 - fetched.uat < RENEWABLE_AGE
    if (isNew) keys.set(String(jwks_uri), { jwks: fetched.jwks, fetchedAt: clock.now() })
  }

  return {
    async discover(issuer) {
      const execute = isPlainLoopback(issuer) ? [library.allowInsecureRequests] : []
      const options = { [library.customFetch]: fetch, execute }
      const found = await library.discovery(new URL(issuer), 'any', {}, library.None(), options).catch(refuse)
      // JSON alone: the metadata has helpers, and what follows copies it.
      const metadata: Metadata = JSON.parse(JSON.stringify(found.serverMetadata()))
      // The library makes an exception for Microsoft.
      const isSame = new URL(metadata.issuer).href === new URL(issuer).href
      if (!isSame) throw new FederationRefusal('wrong issuer')
      if (!hasSafeEndpoints(metadata) || !hasMethods(metadata)) throw new FederationRefusal('invalid answer')
      return metadata
    },

    async countKeys({ jwks_uri }) {
      const response = await fetch(String(jwks_uri), { method: 'GET', headers: { accept: 'application/json' } })
      if (response.status !== 200) throw new FederationRefusal('invalid answer')
      const { keys } = ((await response.json().catch(refuse)) ?? {}) as { keys?: unknown }
      if (!Array.isArray(keys)) throw new FederationRefusal('invalid answer')
      const count = keys.filter((key) => typeof key?.kty === 'string' && key.use !== 'enc').length
      if (count === 0) throw new FederationRefusal('unknown key')
      return count
    },

    authorizationUrl: (client, parameters) => library.buildAuthorizationUrl(configure(client), parameters).href,

    async redeem(client, answer, { state, nonce, verifier }, isOpenId) {
      const configuration = configure(client)
      const checks = {
        expectedState: state,
        pkceCodeVerifier: verifier,
        ...(isOpenId && { expectedNonce: nonce, idTokenExpected: true })
      }
      const tokens = await library.authorizationCodeGrant(configuration, answer, checks).catch(refuse)
      keepKeys(configuration, client.metadata)
      return { accessToken: tokens.access_token, claims: { ...tokens.claims() } }
    },

    fetchUserInfo: (client, accessToken, subject) =>
      library.fetchUserInfo(configure(client), accessToken, subject).catch(refuse),

    async fetchJson(client, accessToken, url) {
      const response = await library
        .fetchProtectedResource(configure(client), accessToken, new URL(url), 'GET')
        .catch(refuse)
      if (response.status !== 200) throw new FederationRefusal('invalid answer')
      return response.json().catch(refuse)
    }
  }
}

const ENDPOINTS = ['authorization_endpoint', 'token_endpoint', 'jwks_uri', 'userinfo_endpoint'] as const
const REQUIRED = ENDPOINTS.filter((name) => name !== 'userinfo_endpoint')

/** Whether all endpoints are https addresses, or http on this machine if the issuer is too. */
function hasSafeEndpoints(metadata: Metadata): boolean {
  const isLocal = isPlainLoopback(metadata.issuer)
  const isSafe = (url: unknown) =>
    typeof url === 'string' &&
    URL.canParse(url) &&
    (new URL(url).protocol === 'https:' || (isLocal && isPlainLoopback(url)))
  return (
    REQUIRED.every((name) => isSafe(metadata[name])) &&
    ENDPOINTS.every((name) => metadata[name] === undefined || isSafe(metadata[name]))
  )
}

/** Whether the ways to authenticate at the token endpoint are a list, or left out. */
function hasMethods({ token_endpoint_auth_methods_supported: methods }: Metadata): boolean {
  return methods === undefined || Array.isArray(methods)
}

/** The claim that the library has compared. */
const REASONS: Record<string, Reason> = {
  iss: 'wrong issuer',
  aud: 'wrong audience',
  azp: 'wrong authorized party',
  nonce: 'wrong nonce'
}

const CODES: Record<string, Reason> = {
  OAUTH_JWT_TIMESTAMP_CHECK_FAILED: 'token expired',
  OAUTH_KEY_SELECTION_FAILED: 'unknown key'
}

/** What providers answer if the user stops: the second is Apple's. */
const DENIED = ['access_denied', 'user_cancelled_authorize']

/** Errors of a token endpoint that the settings of the client cause (RFC 6749 §5.2). The last is GitHub's. */
const OF_CLIENT = ['invalid_client', 'unauthorized_client', 'incorrect_client_credentials']

/** Converts an error of the library, which may contain tokens, to a refusal. */
function refuse(error: unknown): never {
  const { name, code = '', error: answered = '', cause } = error as LibraryError
  if (cause instanceof FederationRefusal) throw cause
  if (name === 'AuthorizationResponseError') {
    throw new FederationRefusal(DENIED.includes(answered) ? 'access denied' : 'refused by the provider')
  }
  // GitHub reports errors with the status 200.
  const refused = name === 'ResponseBodyError' ? answered : cause?.cause?.body?.error
  if (typeof refused === 'string') {
    throw new FederationRefusal(OF_CLIENT.includes(refused) ? 'client refused' : 'code refused')
  }
  throw new FederationRefusal(REASONS[cause?.cause?.claim ?? ''] ?? CODES[code] ?? 'invalid answer')
}

interface LibraryError extends Error {
  code?: string
  /** The error of the answer (RFC 6749 §4.1.2.1 and §5.2). */
  error?: string
  cause?: Error & { cause?: { claim?: string; body?: { error?: unknown } } }
}
