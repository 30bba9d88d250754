import { type Claims, readClaims } from './claims.ts'
import { type Challenge, cannotReach, LatchkeyError, readAnswer } from './error.ts'
import { createExclusive } from './exclusive.ts'
import type { Platform } from './platform.ts'
import { isOver, type Post, post, TIMEOUT_MS } from './send.ts'

/** Where an app keeps its refresh token: one place for all tabs. */
export interface TokenStore {
  get(): string | undefined | null | Promise<string | undefined | null>
  /** @param token undefined removes it */
  set(token: string | undefined): unknown
}

export interface SessionOptions {
  /** The PUBLIC_URL of the service. */
  service: string
  /** For apps, and for frontends on another site. Without one, the service keeps the refresh token in a cookie. */
  store?: TokenStore
  /** Instead of the global one. */
  fetch?: typeof globalThis.fetch
  /** Origins that get the access token, besides that of the service: services that verify it. */
  origins?: readonly string[]
}

export type SessionEvent = 'signed_in' | 'refreshed' | 'signed_out'

export type Proof = { totp: string } | { recovery_code: string } | { credential: object } | { password: string }

export interface Session {
  /** The URL of the service, without a slash at its end. */
  readonly service: string
  /** Signs in with a password. If a second step is needed, it throws MFA_REQUIRED with the `challenge` for `secondStep`. */
  signIn(name: { username: string } | { email: string }, password: string): Promise<void>
  /** Completes a sign-in. After MFA_CODE_INVALID another proof can be sent, after MFA_TOKEN_INVALID it starts over. */
  secondStep(challenge: Challenge, proof: Proof): Promise<void>
  /** Signs in with the answer of a passkey: see `signInWithPasskey` of `@latchkey/client/passkeys`. */
  signInWithCredential(credential: object): Promise<void>
  /** Proves something again, after STEP_UP_REQUIRED. The access tokens from then on are fresh. */
  stepUp(proof: Proof): Promise<void>
  /** Ends the session here and in all tabs at once, then at the service. If that fails, it throws: try again. */
  signOut(): Promise<void>
  /** An access token that is valid; undefined if nobody is signed in. Throws if the service cannot be reached. */
  accessToken(): Promise<string | undefined>
  /** Claims of the access token; null if nobody is signed in, undefined as long as that is not known. */
  claims(): Claims | null | undefined
  /** Gets a new access token, whatever is left of the current one. */
  refresh(): Promise<string | undefined>
  /** Like the global one, with the access token for `origins`. Repeats a request once if its token was refused. */
  fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response>
  /** Sends JSON to a route of the service, and returns the body of the answer. Throws a LatchkeyError. */
  request<Answer = void>(method: string, path: string, body?: object): Promise<Answer>
  /** Calls the listener after each change. Returns a function that removes it. */
  on(listener: (event: SessionEvent) => void): () => void
  /** Stops listening to other tabs, and removes all listeners. */
  close(): void
}

interface Tokens {
  access_token: string
  expires_in: number
  refresh_token?: string
}

/** An access token as it was received, and as other tabs are sent it. */
interface Received {
  token: string
  lifetimeMs: number
  wall: number
}

/** An access token in use. Its `exp` is by the clock of the service, so its age is counted from when it was received. */
interface Held extends Received {
  claims: Claims
  monotonic: number
}

/** From this part of its life on, an access token is replaced. */
const REPLACE_AT = 0.9

/** A message of a tab to itself. */
const ECHO = 'echo'
const MAX_ECHO_MS = 100

export function createSessionOn(platform: Platform, options: SessionOptions): Session {
  const service = options.service.replace(/\/+$/, '')
  const { store, fetch = (...given) => globalThis.fetch(...given) } = options
  const origins = [new URL(service).origin, ...(options.origins ?? [])]
  const name = `latchkey/1 ${service}`
  const exclusive = createExclusive(name, platform)
  const listeners = new Set<(event: SessionEvent) => void>()
  const credentials = store ? 'same-origin' : 'include'

  /** Null if nobody is signed in, undefined as long as that is not known. */
  let held: Held | null | undefined
  /** How often `held` was set: tells whether an answer has been overtaken by a sign-in or sign-out, here or elsewhere. */
  let changes = 0
  /** Events of which the listeners are told once the lock is released. */
  let events: SessionEvent[] = []
  let refreshing: Promise<string | undefined> | undefined
  /** The refresh token of a sign-out that has not reached the service. */
  let leaving: string | undefined | null

  let channel = platform.openChannel(name)
  const echo = platform.openChannel(name)
  let heard = () => {}
  if (channel) {
    channel.onmessage = ({ data }) => {
      if (data === ECHO) return heard()
      try {
        become(data === null ? data : hold(data))
      } catch {
        // Other scripts of the origin can use the channel too.
      }
      tell()
    }
  }

  /** @throws if that is no token, or one without a life */
  function hold(received: Received): Held {
    const claims = readClaims(received.token)
    if (claims.sid && received.lifetimeMs > 0 && received.wall < Infinity) {
      return { ...received, monotonic: platform.monotonicNow(), claims }
    }
    throw claims
  }

  function become(next: Held | null): undefined {
    const [before, sid] = [held, held?.claims.sid]
    held = next
    changes += 1
    if (next) events.push(sid === next.claims.sid ? 'refreshed' : 'signed_in')
    else if (before !== null) events.push('signed_out')
  }

  function tell(): void {
    const told = events
    events = []
    // Each by itself: one that throws is reported, and keeps nobody else from being called.
    for (const event of told) for (const listener of listeners) queueMicrotask(() => listener(event))
  }

  function receivedIn({ access_token: token, expires_in }: Tokens): Received {
    return { token, lifetimeMs: expires_in * 1000, wall: platform.wallNow() }
  }

  function keep(tokens: Tokens): string {
    const received = receivedIn(tokens)
    become(hold(received))
    channel?.postMessage(received)
    return received.token
  }

  function leave(): undefined {
    become(null)
    channel?.postMessage(null)
  }

  /**
   * Waits until everything is here that other tabs have sent before: a lock may be granted sooner. What this tab sends to
   * itself takes the same way.
   */
  async function hear(): Promise<void> {
    if (!channel) return
    const echoed = new Promise<void>((resolve) => {
      heard = resolve
      echo?.postMessage(ECHO)
    })
    await Promise.race([echoed, platform.pause(MAX_ECHO_MS)])
  }

  /** The part of its life that has passed. The larger of two: one clock may be set back, and the other stops in standby. */
  function age({ wall, monotonic, lifetimeMs }: Held): number {
    return Math.max(platform.wallNow() - wall, platform.monotonicNow() - monotonic) / lifetimeMs
  }

  const send = (path: string, body: object, rest?: Partial<Post>) =>
    post(fetch, platform, { url: service + path, body, credentials, ...rest })

  async function getTokens(path: string, body: object, rest: Partial<Post>): Promise<Tokens> {
    const tokens = (await send(path, body, rest)) as Tokens
    // Something in front of the service may have answered.
    try {
      hold(receivedIn(tokens))
      // A step-up leaves the refresh token as it is.
      if (!store || rest.accessToken || tokens.refresh_token) return tokens
    } catch {}
    throw new LatchkeyError(200, 'UNEXPECTED_ANSWER')
  }

  /** Runs work under the lock, and calls the listeners after it. */
  const alone = <Result>(work: () => Promise<Result>) => exclusive(work).finally(tell)

  const open = (path: string, body: object, accessToken?: string) =>
    alone(async () => {
      const tokens = await getTokens(path, body, { accessToken })
      if (tokens.refresh_token) await store?.set(tokens.refresh_token)
      keep(tokens)
    })

  async function renew(): Promise<string | undefined> {
    const before = changes
    return alone(async () => {
      await hear()
      if (changes !== before) return held?.token
      const refresh_token = await store?.get()
      if (store && !refresh_token) return become(null)
      try {
        const tokens = await getTokens('/token/refresh', store ? { refresh_token } : {}, { repeatable: true })
        if (changes !== before) return held?.token
        // Stored before it is used. Where another tab has stored a newer one, that stays.
        if (store && (await store.get()) === refresh_token) await store.set(tokens.refresh_token)
        return keep(tokens)
      } catch (error) {
        if (changes !== before) return held?.token
        if (isOver(error)) return leave()
        throw error
      }
    })
  }

  function refresh(): Promise<string | undefined> {
    refreshing ??= renew().finally(() => {
      refreshing = undefined
    })
    return refreshing
  }

  async function accessToken(): Promise<string | undefined> {
    if (held === null) return
    const current = held
    if (current && age(current) < REPLACE_AT) return current.token
    try {
      return await refresh()
    } catch (error) {
      if (current && age(current) < 1) return current.token
      throw error
    }
  }

  async function fetchWithToken(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
    const request = new Request(input, init)
    const { origin } = new URL(request.url)
    if (!origins.includes(origin) || request.headers.has('authorization')) return fetch(request)
    const token = await accessToken()
    const isOurs = !store && request.url.startsWith(`${service}/`)
    const withToken = (copy: Request, value: string | undefined) => {
      const headers = new Headers(copy.headers)
      if (value) headers.set('authorization', `Bearer ${value}`)
      return fetch(
        new Request(copy, {
          headers,
          ...(isOurs && { credentials }),
          // Not every platform removes the token before it follows a redirect to another origin.
          ...(value && copy.redirect === 'follow' && { redirect: 'error' })
        })
      )
    }
    const answer = await withToken(request.clone(), token)
    if (!token || answer.status !== 401 || !(await refusesToken(answer))) return answer
    const next = held?.token === token ? await refresh() : held?.token
    return next ? withToken(request, next) : answer
  }

  return {
    service,
    accessToken,
    refresh,
    fetch: fetchWithToken,
    claims: () => (held ? held.claims : held),
    signIn: (name, password) => open('/login', { ...name, password, ...(!store && { cookie: true }) }),
    secondStep: ({ mfa_token }, proof) => open('/login/mfa', { mfa_token, ...proof }),
    signInWithCredential: (credential) => open('/login/passkey', { credential, ...(!store && { cookie: true }) }),
    stepUp: async (proof) => open('/token/step-up', proof, await accessToken()),

    async signOut() {
      leave()
      tell()
      await alone(async () => {
        // A sign-in was under way.
        if (held) leave()
        leaving = (await store?.get()) || leaving
        await store?.set(undefined)
        if (store && !leaving) return
        await send('/logout', store ? { refresh_token: leaving } : {}, { repeatable: true }).catch((error) => {
          if (!isOver(error)) throw error
        })
        leaving = undefined
      })
    },

    async request(method, path, body) {
      const answer = await fetchWithToken(service + path, {
        method,
        ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
        signal: platform.timeout(TIMEOUT_MS)
      }).catch(cannotReach)
      return (await readAnswer(answer)) as never
    },

    on(listener) {
      listeners.add(listener)
      return () => {
        listeners.delete(listener)
      }
    },

    close() {
      channel?.close()
      echo?.close()
      channel = undefined
      listeners.clear()
    }
  }
}

/** Whether the token is what a 401 refuses, rather than a password, a code or the age of the sign-in. */
async function refusesToken(answer: Response): Promise<boolean> {
  const body: unknown = await answer
    .clone()
    .json()
    .catch(() => null)
  return /^TOKEN_/.test(Object(body).code ?? 'TOKEN_')
}
