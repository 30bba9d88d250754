import { createSessionOn, type Session, type SessionOptions } from '../src/session.ts'

/** A request as a service sees it. */
export interface Seen {
  method: string
  url: string
  headers: Record<string, string>
  body: unknown
  credentials: string
  redirect: string
}

export const SERVICE = 'https://auth.example.com'

/** An unsigned token, which no client can tell from a signed one. */
export function makeToken(claims: object): string {
  return `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2lnbmF0dXJl`
}

export const json = (status: number, body: unknown, headers: Record<string, string> = {}) =>
  new Response(body === undefined ? null : JSON.stringify(body), { status, headers })

export const refuse = (status: number, code: string, headers: Record<string, string> = {}, rest: object = {}) =>
  json(status, { statusCode: status, code, message: `about ${code}`, ...rest }, headers)

type Answer = (request: Request) => Response | Promise<Response>

/** Tabs of one browser, and a service; time passes only when told. */
export function createBrowser() {
  const seen: Seen[] = []
  const scripted: Answer[] = []
  const pauses: number[] = []
  const channels = new Set<{ name: string; onmessage: ((event: MessageEvent) => void) | null }>()
  const clock = { wall: 1_000_000_000, monotonic: 0 }
  const held = new Map<string, Promise<unknown>>()
  const state = { session: undefined as string | undefined, tokens: 0 }

  function tokens(store: boolean) {
    state.tokens += 1
    const { session: sid, tokens: jti } = state
    const access_token = makeToken({ sub: 'ada', sid, jti: `${jti}` })
    return json(200, { access_token, expires_in: 100, ...(store && { refresh_token: `refresh-${jti}` }) })
  }

  /** A small service: one session, and tokens that are numbered. */
  function answer({ url, body }: Seen): Response {
    const { cookie, refresh_token } = Object(body)
    switch (new URL(url).pathname.replace(/^\/auth\//, '/')) {
      case '/login':
      case '/login/mfa':
      case '/login/passkey':
        state.session = `session ${state.tokens + 1}`
        return tokens(!cookie)
      case '/token/refresh':
        if (state.session) return tokens(refresh_token !== undefined)
        return refresh_token ? refuse(401, 'REFRESH_TOKEN_INVALID') : refuse(400, 'VALIDATION_FAILED')
      case '/token/step-up':
        return tokens(false)
      case '/logout':
        state.session = undefined
        return json(204, undefined)
      default:
        return json(200, { message: 'hello' })
    }
  }

  async function fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
    const request = new Request(input, init)
    const text = await request.clone().text()
    const { method, url, credentials, redirect } = request
    const body = text && JSON.parse(text)
    seen.push({ method, url, headers: Object.fromEntries(request.headers), body, credentials, redirect })
    await new Promise((resolve) => setImmediate(resolve))
    const next = scripted.shift()
    return next ? next(request) : answer(seen.at(-1) as Seen)
  }

  const locks = {
    async request(name: string, { signal }: { signal: AbortSignal }, work: () => Promise<unknown>): Promise<unknown> {
      const before = held.get(name)
      let release = () => {}
      held.set(name, Promise.all([before, new Promise<void>((resolve) => (release = resolve))]))
      try {
        await Promise.race([before, new Promise((_, reject) => signal.addEventListener('abort', reject))])
        return await work()
      } finally {
        release()
      }
    }
  }

  const platform = {
    locks: locks as unknown as LockManager | undefined,
    openChannel(name: string) {
      const channel = {
        name,
        onmessage: null as ((event: MessageEvent) => void) | null,
        postMessage(data: unknown) {
          for (const other of channels) {
            if (other !== channel && other.name === name)
              other.onmessage?.({ data: structuredClone(data) } as MessageEvent)
          }
        },
        close: () => void channels.delete(channel)
      }
      channels.add(channel)
      return channel
    },
    monotonicNow: () => clock.monotonic,
    wallNow: () => clock.wall,
    pause: async (ms: number): Promise<void> => void pauses.push(ms),
    timeout: (_ms: number) => new AbortController().signal
  }

  return {
    platform,
    fetch,
    clock,
    seen,
    scripted,
    pauses,
    channels,
    state,
    locks: held,
    /** Opens a tab; `events` are those of its session. */
    open(
      options: Partial<SessionOptions> = {},
      own: Partial<typeof platform> = {}
    ): { session: Session; events: string[] } {
      const session = createSessionOn({ ...platform, ...own }, { service: SERVICE, fetch, ...options })
      const events: string[] = []
      session.on((event) => void events.push(event))
      return { session, events }
    },
    pass(ms: number) {
      clock.wall += ms
      clock.monotonic += ms
    },
    paths: () => seen.map(({ url }) => new URL(url).pathname)
  }
}

/** A store that notes what is done with it. */
export function createStore(token?: string) {
  const log: string[] = []
  return {
    log,
    token,
    async get() {
      return this.token
    },
    async set(token: string | undefined) {
      log.push(`set ${token}`)
      this.token = token
    }
  }
}

/** The number of an access token of the service. */
export const numberOf = (token: string | null | undefined) =>
  token && Number(JSON.parse(Buffer.from(String(token.split('.')[1]), 'base64url').toString()).jti)

/** The fields of an error. */
export async function caught(promise: Promise<unknown>): Promise<object> {
  try {
    await promise
  } catch (error) {
    return { ...(error as object), message: (error as Error).message }
  }
  throw new Error('nothing was thrown')
}
