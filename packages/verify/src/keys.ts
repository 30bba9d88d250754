import { createLocalJWKSet, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose'
import { Problem } from './problem.ts'

/** How long keys are used without asking for newer ones; the service lets caches keep them as long. */
const FRESH_MS = 300_000

/** How long keys are used while newer ones cannot be had. */
const USABLE_MS = 3_600_000

/** Whatever tokens come, the keys are requested at most this often. */
const COOLDOWN_MS = 5_000

const TIMEOUT_MS = 5_000
const MAX_BYTES = 65_536

/** A key set, as it was fetched. */
export interface KeySet {
  has(kid: string): boolean
  /** Finds the key of a token for jose. */
  find: JWTVerifyGetKey
}

/** The public keys of the service. */
export interface Keys {
  /** The key set, where it need not be fetched first. */
  current(): KeySet | undefined
  /**
   * A key set that has the key. It is fetched if it is too old, or if it does not have the key.
   *
   * @throws Problem KEYS_UNAVAILABLE, or TOKEN_INVALID if the service does not have the key
   */
  having(kid: string): Promise<KeySet>
}

interface Parts {
  uri: string
  fetch: typeof fetch
  now: () => number
  /** Called with the reason when keys could not be fetched. */
  onFetchError: (reason: unknown) => void
}

export function createKeys({ uri, fetch, now, onFetchError }: Parts): Keys {
  let keySet: KeySet | undefined
  let text: string | undefined
  let fetchedAt = Number.NEGATIVE_INFINITY
  let triedAt = Number.NEGATIVE_INFINITY
  /** Whether the last fetch failed, and why. */
  let failure: { reason: unknown } | undefined
  let pending: Promise<void> | undefined

  function isWithin(time: number, duration: number): boolean {
    const age = now() - time
    // The clock may have been set back.
    return age >= 0 && age < duration
  }

  function current(): KeySet | undefined {
    if (isWithin(fetchedAt, FRESH_MS)) return keySet
    if (!failure || !isWithin(fetchedAt, USABLE_MS)) return undefined
    // The last attempt failed: no request waits for the next one.
    refresh().catch(() => {})
    return keySet
  }

  async function having(kid: string): Promise<KeySet> {
    if (!current()) await refresh()
    if (!current()?.has(kid)) await refresh()
    const found = current()
    if (found?.has(kid)) return found
    if (failure) throw unavailable(failure.reason)
    throw new Problem('TOKEN_INVALID', { reason: 'the service has no key with the kid of the token' })
  }

  /** Fetches the keys, unless that has been tried a moment ago. */
  async function refresh(): Promise<void> {
    if (!pending && isWithin(triedAt, COOLDOWN_MS)) return
    pending ??= attempt().finally(() => {
      pending = undefined
    })
    await pending
  }

  async function attempt(): Promise<void> {
    const startedAt = now()
    triedAt = startedAt
    try {
      const answer = await fetchText(uri, fetch)
      // Tokens are remembered as long as the key set is the same.
      if (answer !== text) keySet = readKeySet(answer)
      text = answer
      fetchedAt = startedAt
      failure = undefined
    } catch (reason) {
      triedAt = now()
      failure = { reason }
      onFetchError(reason)
    }
  }

  function unavailable(cause: unknown): Problem {
    const seconds = Math.ceil((triedAt + COOLDOWN_MS - now()) / 1000)
    const headers = { 'retry-after': String(Math.max(seconds, 1)) }
    return new Problem('KEYS_UNAVAILABLE', { headers, reason: 'the keys cannot be fetched', cause })
  }

  return { current, having }
}

function readKeySet(text: string): KeySet {
  const jwks: JSONWebKeySet = JSON.parse(text)
  const find = createLocalJWKSet(jwks)
  const kids = new Set(jwks.keys.map(({ kid }) => kid))
  return { find, has: (kid) => kids.has(kid) }
}

/** Fetches a text of a few kilobytes. A redirect is an error: nobody but the service is asked for its keys. */
async function fetchText(uri: string, fetch: typeof globalThis.fetch): Promise<string> {
  const response = await fetch(uri, {
    headers: { accept: 'application/json' },
    redirect: 'manual',
    signal: AbortSignal.timeout(TIMEOUT_MS)
  })
  if (response.status !== 200) {
    await response.body?.cancel()
    throw new Error(`${uri} answered with ${response.status}`)
  }
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let text = ''
  let bytes = 0
  // Leaving the loop ends the transfer.
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength
    if (bytes > MAX_BYTES) throw new Error(`${uri} answered with more than ${MAX_BYTES} bytes`)
    text += decoder.decode(chunk, { stream: true })
  }
  return text + decoder.decode()
}
