import http from 'node:http'
import { join, resolve } from 'node:path'
import { type Answer, ask, inTurns, PASSWORD, type Question } from '@latchkey/compare/measure/client'
import { TOTP } from 'otpauth'
import pg from 'pg'
import { createAuthenticator } from '../../test/helpers/authenticator.ts'
import { threadTime } from '../shared/processes.ts'
import { Service } from '../shared/service.ts'

/** The number of concurrent clients. */
export const CLIENTS = 8

export const CLIENT_NUMBERS = [...Array(CLIENTS).keys()]

/** The number of accounts that are prepared at once: more would not hash faster. */
export const AT_ONCE = 4

/** The number of accounts with an authenticator app: a code is accepted once. */
export const APPS = 4 * CLIENTS

/** Where browsers have passkeys if PUBLIC_URL is a loopback address. */
const ORIGIN = 'http://localhost'

/** The tokens of a session. */
interface Session {
  access: string
  refresh: string
}

export const userOf = (client: number) => `user.${client}`
export const appUserOf = (index: number) => `app.${index}`

/** A build of the service, with a database of its own. */
export class Build {
  readonly name: string
  /** Of each client; the account has no second factor. */
  readonly sessions: Session[] = []
  readonly #apps: TOTP[] = []
  readonly #authenticators: ReturnType<typeof createAuthenticator>[] = []
  readonly #program: string[]
  readonly #databaseUrl: string
  readonly #cost: string
  readonly #pool: pg.Pool
  readonly #agent = new http.Agent({ keepAlive: true })
  #service: Service | undefined

  /** @param cost that of bcrypt */
  constructor(name: string, folder: string, databaseUrl: string, cost: string) {
    this.name = name
    this.#program = ['--max-semi-space-size=8', join(resolve(folder), 'dist/src/server.js')]
    this.#databaseUrl = databaseUrl
    this.#cost = cost
    this.#pool = new pg.Pool({ connectionString: databaseUrl, max: 1 })
    this.#pool.on('error', () => {})
  }

  get pid(): number {
    return this.#running.pid
  }

  get #running(): Service {
    if (!this.#service) throw new Error(`${this.name} was not started`)
    return this.#service
  }

  /** @returns the time until it was ready, and its CPU time until then, in milliseconds */
  async start(): Promise<{ ms: number; cpu: number }> {
    const begun = performance.now()
    this.#service = await Service.start({
      program: this.#program,
      databaseUrl: this.#databaseUrl,
      environment: { BCRYPT_COST: this.#cost }
    })
    return { ms: performance.now() - begun, cpu: threadTime(this.pid) }
  }

  async stop(): Promise<void> {
    const { code } = await this.#running.stop()
    if (code !== 0) throw new Error(`${this.name} ended with ${code}`)
  }

  /** Creates the accounts without second factors, at a start that is not measured. */
  async prepare(): Promise<void> {
    await this.start()
    await inTurns(CLIENT_NUMBERS, AT_ONCE, (client) => this.#register(userOf(client)))
    await this.stop()
  }

  /** Opens the session of each client. */
  async signIn(): Promise<void> {
    await inTurns(CLIENT_NUMBERS, AT_ONCE, async (client) => {
      this.sessions[client] = await this.#login(userOf(client))
    })
  }

  /** The authenticator apps, each of an account of its own; none if the build has no second factors. */
  async apps(): Promise<TOTP[]> {
    if (this.#apps.length === 0 && (await this.#hasFactors())) {
      await inTurns([...Array(APPS).keys()], AT_ONCE, (index) => this.#addApp(index))
    }
    return this.#apps
  }

  /** The authenticator of each client, with one passkey; none if the build has no passkeys. */
  async authenticators(): Promise<ReturnType<typeof createAuthenticator>[]> {
    if (this.#authenticators.length === 0 && (await this.#hasFactors())) {
      await inTurns(CLIENT_NUMBERS, AT_ONCE, (client) => this.#addPasskey(client))
    }
    return this.#authenticators
  }

  /** Makes the codes of all authenticator apps usable once more. @returns the time of the database */
  async resetApps(): Promise<number> {
    await this.#pool.query('UPDATE totp SET last_step = NULL')
    const { rows } = await this.#pool.query('SELECT (extract(epoch FROM now()) * 1000)::float8 AS now')
    return rows[0].now
  }

  /** Sends a request. */
  ask(method: string, path: string, question: Question = {}): Promise<Answer> {
    return ask(this.#running.base, method, path, { agent: this.#agent, ...question })
  }

  /** Sends a request. @throws Error unless it is answered with the status */
  async expect(status: number, method: string, path: string, question?: Question): Promise<Answer> {
    const answer = await this.ask(method, path, question)
    if (answer.status === status) return answer
    throw new Error(`${this.name}: ${method} ${path} was answered with ${answer.status} ${answer.code}`)
  }

  async #hasFactors(): Promise<boolean> {
    return (await this.ask('POST', '/login/passkey/options', { payload: {} })).status === 200
  }

  async #register(username: string): Promise<void> {
    await this.expect(201, 'POST', '/register', { payload: { username, password: PASSWORD } })
  }

  async #login(username: string): Promise<Session> {
    const { body } = await this.expect(200, 'POST', '/login', { payload: { username, password: PASSWORD } })
    return { access: String(body.access_token), refresh: String(body.refresh_token) }
  }

  async #addApp(index: number): Promise<void> {
    await this.#register(appUserOf(index))
    const { access: token } = await this.#login(appUserOf(index))
    const { body } = await this.expect(200, 'POST', '/mfa/totp', { token })
    const app = new TOTP({ secret: String(body.secret) })
    await this.expect(200, 'POST', '/mfa/totp/confirm', { token, payload: { totp: app.generate() } })
    this.#apps[index] = app
  }

  /** Adds a synced passkey, as most are: its counter stays 0. */
  async #addPasskey(client: number): Promise<void> {
    const username = `passkey.${client}`
    await this.#register(username)
    const { access: token } = await this.#login(username)
    const { body } = await this.expect(200, 'POST', '/passkeys/options', { token })
    const authenticator = createAuthenticator(ORIGIN, { synced: true })
    const credential = authenticator.create(body.public_key as never)
    await this.expect(201, 'POST', '/passkeys', { token, payload: { credential } })
    this.#authenticators[client] = authenticator
  }
}
