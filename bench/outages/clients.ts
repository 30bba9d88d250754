import { randomUUID } from 'node:crypto'
import type http from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { type Answer, ask, inTurns, PASSWORD } from '@latchkey/compare/measure/client'
import { frequencies } from '../shared/report.ts'

const ROUTES = ['login', 'register', 'me', 'refresh', 'ready'] as const

/** The routes that need the database. */
export type Route = (typeof ROUTES)[number]

/** The mix of ten requests: typical traffic with few hashes. */
const MIXTURE: Route[] = ['refresh', 'me', 'login', 'ready', 'me', 'refresh', 'register', 'ready', 'me', 'refresh']

const RIGHT: Record<Route, number> = { login: 200, register: 201, me: 200, refresh: 200, ready: 200 }

/** The classification of an answer. */
export type Verdict = 'right' | 'unavailable' | 'overloaded' | 'wrong'

export interface Visit extends Answer {
  route: Route
  verdict: Verdict
}

interface Session {
  access: string
  refresh: string
  busy: boolean
}

export const say = ({ route, status, code }: Visit) => `${route} ${status}${code ? ` ${code}` : ''}`

/** The clients of one service, which record every acknowledged write. */
export class Clients {
  /** Accounts whose registration was answered with 201. */
  readonly acknowledged: string[] = []
  /** Accounts whose registration was answered with 503, so that its outcome is unknown. */
  readonly doubtful: string[] = []
  /** Persistent connections; without it, each request opens one. */
  agent: http.Agent | undefined
  readonly #bases: string[]
  #sessions: Session[] = []
  #turn = 0
  #lost = 0

  constructor(...bases: string[]) {
    this.#bases = bases
  }

  /** Creates an account with this number of sessions. */
  static async of(sessions: number, ...bases: string[]): Promise<Clients> {
    const clients = new Clients(...bases)
    const { status, code } = await clients.visit('register')
    if (status !== 201) throw new Error(`could not register: ${status} ${code}`)
    await inTurns(Array.from({ length: sessions }), 4, () => clients.#signIn())
    return clients
  }

  get accessToken(): string {
    return this.#sessions[0]?.access as string
  }

  /** The next instance, round robin. */
  get base(): string {
    this.#turn += 1
    return this.#bases[this.#turn % this.#bases.length] as string
  }

  async visit(route: Route): Promise<Visit> {
    const answer = await this.#ask(route)
    return { ...answer, route, verdict: judge(route, answer) }
  }

  /** Sends one request of each route concurrently. */
  round(): Promise<Visit[]> {
    return Promise.all(ROUTES.map((route) => this.visit(route)))
  }

  /** Sends requests at this rate until the signal. @returns all of them, after the last answer */
  async load(perSecond: number, signal: AbortSignal): Promise<Visit[]> {
    const visits: Promise<Visit>[] = []
    const start = performance.now()
    while (!signal.aborted) {
      while (visits.length < ((performance.now() - start) / 1000) * perSecond) {
        visits.push(this.visit(MIXTURE[visits.length % MIXTURE.length] as Route))
      }
      await pause(5)
    }
    return Promise.all(visits)
  }

  /** Logs in to every acknowledged account. @returns the failures */
  async missing(): Promise<string[]> {
    const missing: string[] = []
    await inTurns(this.acknowledged, 4, async (username) => {
      const { status, code } = await this.#post('/login', { username, password: PASSWORD })
      if (status !== 200) missing.push(`${username} ${status} ${code}`)
    })
    return missing
  }

  /** Counts the accounts that exist although their registration was answered with 503. */
  async unacknowledged(): Promise<number> {
    let count = 0
    await inTurns(this.doubtful.splice(0), 4, async (username) => {
      const { status } = await this.#post('/login', { username, password: PASSWORD })
      if (status === 200) count += 1
    })
    return count
  }

  /** Refreshes every session. @returns how many were refused since the last call although nothing had ended them */
  async lostSessions(): Promise<number> {
    await inTurns([...this.#sessions], 4, (session) => this.#refresh(session))
    const lost = this.#lost
    this.#lost = 0
    await inTurns(Array.from({ length: lost }), 4, () => this.#signIn())
    return lost
  }

  async #ask(route: Route): Promise<Answer> {
    switch (route) {
      case 'ready':
        return ask(this.base, 'GET', '/health/ready', { agent: this.agent })
      case 'me': {
        const token = this.#nextSession()?.access ?? this.accessToken
        return ask(this.base, 'GET', '/me', { token, agent: this.agent })
      }
      case 'login':
        return this.#post('/login', { username: this.acknowledged[0], password: PASSWORD })
      case 'register':
        return this.#register()
      case 'refresh': {
        const session = this.#nextSession()
        return session ? this.#refresh(session) : this.#ask('ready')
      }
    }
  }

  async #register(): Promise<Answer> {
    const username = `user.${randomUUID().slice(0, 23)}`
    const answer = await this.#post('/register', { username, password: PASSWORD })
    if (answer.status === 201) this.acknowledged.push(username)
    else this.doubtful.push(username)
    return answer
  }

  async #refresh(session: Session): Promise<Answer> {
    session.busy = true
    const answer = await this.#post('/token/refresh', { refresh_token: session.refresh })
    const { access_token: access, refresh_token: refresh } = answer.body
    if (answer.status === 200) Object.assign(session, { access, refresh })
    if (answer.status === 401) {
      this.#lost += 1
      this.#sessions = this.#sessions.filter((other) => other !== session)
    }
    session.busy = false
    return answer
  }

  async #signIn(): Promise<void> {
    const { status, code, body } = await this.#post('/login', { username: this.acknowledged[0], password: PASSWORD })
    if (status !== 200) throw new Error(`could not log in: ${status} ${code}`)
    this.#sessions.push({ access: body.access_token as string, refresh: body.refresh_token as string, busy: false })
  }

  /** A session that is not in use, since clients do not refresh one session concurrently. */
  #nextSession(): Session | undefined {
    const session = this.#sessions.find(({ busy }) => !busy)
    if (!session) return undefined
    this.#sessions = this.#sessions.filter((other) => other !== session).concat(session)
    return session
  }

  #post(path: string, payload: unknown): Promise<Answer> {
    return ask(this.base, 'POST', path, { payload, agent: this.agent })
  }
}

function judge(route: Route, { status, code, headers }: Answer): Verdict {
  if (status === RIGHT[route]) return 'right'
  if (status !== 503 || !/^\d+$/.test(headers['retry-after'] ?? '')) return 'wrong'
  if (code === 'DATABASE_UNAVAILABLE') return 'unavailable'
  return code === 'OVERLOADED' && (route === 'login' || route === 'register') ? 'overloaded' : 'wrong'
}

/** Requests routes that never need the database ten times a second, until the signal. */
export async function watch(base: string, token: string, signal: AbortSignal) {
  const answers: Promise<Answer>[] = []
  while (!signal.aborted) {
    for (const path of ['/secret', '/.well-known/jwks.json', '/docs', '/health/live']) {
      answers.push(ask(base, 'GET', path, { token }))
    }
    await pause(100)
  }
  const all = await Promise.all(answers)
  return {
    count: all.length,
    slowest: Math.max(...all.map(({ ms }) => ms)),
    wrong: frequencies(all.filter(({ status }) => status !== 200).map(({ status, code }) => `${status} ${code}`))
  }
}
