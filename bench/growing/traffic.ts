import http from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { type Answer, ask } from '@latchkey/compare/measure/client'
import { Clients, type Route } from '../outages/clients.ts'
import { check, frequencies } from '../shared/report.ts'

/** The number of concurrent clients: few, so that the queue of hashes stays short on a busy machine. */
const AT_ONCE = 8

/** The requests of each client, in turn. */
const MIXTURE = ['login', 'secret', 'refresh', 'secret', 'register', 'me', 'refresh', 'secret'] as const

export interface Seen extends Answer {
  route: Route | 'secret'
  /** Whether the request succeeded. */
  isRight: boolean
  end: number
}

/** Clients that send requests continuously: half over persistent connections, half over a new one for each request. */
export class Traffic {
  readonly #base: string
  readonly #clients: Clients[]
  readonly #agent = new http.Agent({ keepAlive: true })
  readonly #over = new AbortController()
  readonly #seen: Seen[] = []
  readonly #asking: Promise<void>[]

  private constructor(base: string, clients: Clients[]) {
    this.#base = base
    this.#clients = clients
    this.#asking = clients.map((each, index) => {
      each.agent = index % 2 ? this.#agent : undefined
      return this.#askOn(each, index)
    })
  }

  static async to(base: string): Promise<Traffic> {
    const clients: Clients[] = []
    for (let count = 0; count < AT_ONCE; count += 1) clients.push(await Clients.of(2, base))
    return new Traffic(base, clients)
  }

  get accessToken(): string {
    return (this.#clients as [Clients])[0].accessToken
  }

  /** @returns all answers, after the last one has arrived */
  async stop(): Promise<Seen[]> {
    this.#over.abort()
    await Promise.all(this.#asking)
    this.#agent.destroy()
    for (const each of this.#clients) each.agent = undefined
    return this.#seen
  }

  /** Checks that nothing that was acknowledged to the clients is lost. */
  async checkPromises(): Promise<void> {
    const missing: string[] = []
    let lost = 0
    for (const each of this.#clients) {
      missing.push(...(await each.missing()))
      lost += await each.lostSessions()
    }
    const count = this.#clients.reduce((sum, { acknowledged }) => sum + acknowledged.length, 0)
    check(missing.length === 0, 'every acknowledged account logs in', missing.join(', ') || `${count} of them`)
    check(lost === 0, 'every session goes on', lost > 0 ? `${lost} were lost` : '')
  }

  async #askOn(clients: Clients, offset: number): Promise<void> {
    for (let turn = offset; !this.#over.signal.aborted; turn += 1) {
      const route = MIXTURE[turn % MIXTURE.length] as (typeof MIXTURE)[number]
      const answer = route === 'secret' ? await this.#openSecret(clients) : await clients.visit(route)
      const isRight = answer.status === (route === 'register' ? 201 : 200)
      this.#seen.push({ ...answer, route, isRight, end: answer.start + answer.ms })
      await pause(20)
    }
  }

  #openSecret({ accessToken: token, agent }: Clients): Promise<Answer> {
    return ask(this.#base, 'GET', '/secret', { token, agent })
  }
}

export const describe = (seen: Seen[]) =>
  frequencies(
    seen.map(({ route, status, code, reused }) => {
      const how = status === 0 ? ` ${reused ? 'on a connection used before' : 'on a new connection'}` : ''
      return `${route} ${status}${code ? ` ${code}` : ''}${how}`
    })
  )
