import { type Answer, type Ask, unique } from '@latchkey/contract/suite/client'
import { MARK } from '@latchkey/contract/suite/oddities'
import { readBody } from './read-body.ts'

/** What somebody knows, by the names that the document has for it: keys of bodies and paths, and ways to sign in. */
export type Names = Record<string, string | undefined>

/** What a request can be made of: what its sender knows, what another one does, and what was good once. */
export interface Known {
  own: Names
  other: Names
  former: Names
}

interface Account {
  username?: string
  email?: string
  password: string
}

interface Session {
  account: Account
  id: string
  bearer: string
  refresh_token: string
}

/** How many sessions that are over are remembered. */
const FORMER = 30

export interface Keys {
  introspection: string
  metrics: string
  /** A service key with every scope, and an access token of an administrator, in place of those of the accounts. */
  serviceKey?: string
  bearer?: string
  /** The ids of the two and of what signs the token, which are never used: otherwise they would be revoked. */
  spared?: string[]
}

/** What the answers of a run have given, for the requests to come. */
export class World {
  readonly #keys: Keys
  readonly #accounts: Account[] = []
  readonly #living: Session[] = []
  readonly #former: Session[] = []
  /** What the admin API has shown, by the path of its kind. */
  readonly #shown = new Map<string, string[]>()

  constructor(keys: Keys) {
    this.#keys = keys
  }

  /** Whether so many sessions have ended that somebody should sign in. */
  get isPoor(): boolean {
    return this.#living.length < 4
  }

  known(turn: number): Known {
    const session = pick(this.#living, turn)
    return {
      own: this.#names(turn, session),
      other: this.#names(turn, pick(this.#living, turn + 1)),
      former: this.#names(turn, pick(this.#former, turn) ?? session)
    }
  }

  /** What it takes to sign in: an account that is there already does as well as a new one. */
  signIn(turn: number): Ask[] {
    const account = turn % 4 === 0 ? undefined : pick(this.#accounts, turn)
    const { password, username, email } = account ?? { username: unique(MARK), password: `${MARK}, horse and staple` }
    const name = username ? { username } : { email }
    const register = { method: 'POST', path: '/register', body: bytesOf({ ...name, password }), headers: JSON_TYPE }
    const login = { ...register, path: '/login', body: bytesOf({ ...name, password, cookie: turn % 3 === 0 }) }
    return account ? [login] : [register, login]
  }

  learn(ask: Ask, { status, headers, json }: Answer): void {
    const path = ask.path.split('?', 1)[0] as string
    if (status < 300 && path.startsWith('/admin/')) this.#show(path, json)
    else if (path === '/me' && ask.method !== 'GET' && status < 300) this.#changed(ask)
    else if (status === 401) this.#end(ask, json?.code)
    else if (status === 201 && path === '/register') this.#accounts.push(readBody(ask) as Account)
    else if (status === 200 && json?.access_token) this.#open(ask, json, headers['set-cookie'])
    else if (status === 204 && path === '/password/change') {
      const session = this.#bearerOf(ask)
      if (session) session.account.password = (readBody(ask) as { new_password: string }).new_password
    }
  }

  /** Remembers the ids in an answer of the admin API. */
  #show(path: string, json: unknown): void {
    const kind = path.endsWith('/sessions') ? '/sessions' : path.split('/', 3).join('/')
    const lists = Object.values(Object(json)).filter(Array.isArray).flat()
    const ids = [Object(json), ...lists].flatMap((each) => Object(each).id ?? Object(each).kid ?? [])
    const fit = ids.filter((id) => !this.#keys.spared?.includes(id))
    this.#shown.set(kind, [...fit, ...(this.#shown.get(kind) ?? [])].slice(0, FORMER))
  }

  /** The account has another username, or is gone. */
  #changed(ask: Ask): void {
    const session = this.#bearerOf(ask)
    if (!session) return
    const { account } = session
    if (ask.method === 'PATCH') account.username = (readBody(ask) as { username: string }).username
    else if (ask.method === 'DELETE') this.#accounts.splice(this.#accounts.indexOf(account), 1)
  }

  #names(turn: number, session: Session | undefined): Names {
    const { account, ...tokens } = session ?? { account: pick(this.#accounts, turn) }
    const { spared: _, ...keys } = this.#keys
    const shown = [...this.#shown].map(([kind, ids]): [string, string | undefined] => [kind, pick(ids, turn)])
    const names: Names = { ...account, ...tokens, ...keys, ...Object.fromEntries(shown) }
    // By the document it is where that is; the issuer has its own URL.
    if (names.bearer) names.origin = new URL(claimsOf(names.bearer).iss).origin
    const { password, bearer, refresh_token } = names
    // On loopback without TLS the cookie has no prefix.
    const cookie = `__Host-refresh_token=${refresh_token}; refresh_token=${refresh_token}`
    return { ...names, current_password: password, token: turn % 2 ? bearer : refresh_token, cookie }
  }

  #open(ask: Ask, json: Record<string, string>, cookies: string | undefined): void {
    const bearer = json.access_token as string
    const { sid } = claimsOf(bearer)
    const before = this.#living.findIndex(({ id }) => id === sid)
    const account = this.#living[before]?.account ?? this.#accountOf(readBody(ask) as Partial<Account>)
    if (!account) return
    if (before >= 0) this.#leave(before)
    const refresh_token = json.refresh_token ?? /refresh_token=([^;]*)/.exec(cookies ?? '')?.[1] ?? ''
    this.#living.push({ account, id: sid, bearer, refresh_token })
  }

  #accountOf({ username, email }: Partial<Account>): Account | undefined {
    const typed = (username ?? email ?? '').toLowerCase()
    return this.#accounts.find((each) => [each.username, each.email].some((name) => name?.toLowerCase() === typed))
  }

  /** Whoever is refused with a token that was good is out. */
  #end(ask: Ask, code: string | undefined): void {
    const { authorization, cookie = '' } = ask.headers ?? {}
    const refreshing = code === 'REFRESH_TOKEN_INVALID' ? `${cookie} ${Object(readBody(ask)).refresh_token}` : ''
    const index = this.#living.findIndex(
      ({ bearer, refresh_token }) =>
        (/^TOKEN/.test(code ?? '') && authorization === `Bearer ${bearer}`) || refreshing.includes(refresh_token)
    )
    if (index >= 0) this.#leave(index)
  }

  #leave(index: number): void {
    this.#former.push(...this.#living.splice(index, 1))
    if (this.#former.length > FORMER) this.#former.shift()
  }

  #bearerOf({ headers }: Ask): Session | undefined {
    return this.#living.find(({ bearer }) => headers?.authorization?.endsWith(bearer))
  }
}

const bytesOf = (value: unknown) => Buffer.from(JSON.stringify(value))

const JSON_TYPE = { 'content-type': 'application/json' }

const pick = <Entry>(entries: Entry[], turn: number): Entry | undefined => entries[turn % entries.length]

function claimsOf(token: string): { iss: string; sid: string } {
  return JSON.parse(Buffer.from(token.split('.')[1] as string, 'base64url').toString())
}
