import { ask, inTurns, PASSWORD } from './client.ts'
import { adviceOn, ServiceError } from './load.ts'
import { processesBehind } from './local-processes.ts'
import type { Target } from './targets.ts'

/** The interface of a service: its paths, and the names of keys. */
export interface Surface {
  register: { path: string; status: number; extra: Record<string, unknown> }
  login: { path: string; status: number; extra: Record<string, unknown> }
  secret: { path: string }
  /** The keys of a body, and that of the token in the answer to a login. */
  name: string
  password: string
  token: string
  /** Whether the name is an address. */
  isEmail: boolean
}

/** A target that runs, with accounts of its own. */
export class Subject {
  readonly name: string
  readonly surface: Surface
  readonly #base: string
  readonly #accounts: string[] = []
  /** The processes behind its port, where they are on this machine. */
  pids: number[] = []
  token = ''
  readonly #run = nextRun()
  #serial = 0
  #turn = 0

  constructor({ name, url }: Pick<Target, 'name' | 'url'>, surface: Surface) {
    this.name = name
    this.surface = surface
    this.#base = url.origin
  }

  url(what: 'register' | 'login' | 'secret'): URL {
    return new URL(this.surface[what].path, this.#base)
  }

  get headers() {
    return { authorization: `Bearer ${this.token}` }
  }

  /** The body of a registration with a new name. */
  newAccount = (): string => {
    this.#serial += 1
    return this.#body('register', `${this.#run}.${this.#serial.toString(36)}`)
  }

  /** The body of a login, of each account in its turn. */
  nextLogin = (): string => {
    this.#turn += 1
    return this.#accounts[this.#turn % this.#accounts.length] as string
  }

  /** Registers a number of accounts, and signs one in. @throws ServiceError with the answer */
  async settle(accounts: number): Promise<void> {
    const names = Array.from({ length: accounts }, (_, index) => `${this.#run}.first.${index}`)
    await inTurns(names, 4, async (name) => {
      await this.#expect('register', this.#body('register', name))
    })
    this.adopt(names)
    await this.signIn()
  }

  /** Takes accounts that are there already. */
  adopt(names: string[]): void {
    this.#accounts.splice(0, this.#accounts.length, ...names.map((name) => this.#body('login', name)))
  }

  /** Before its token expires; a subject without accounts has none. */
  async renew(): Promise<void> {
    if (this.#accounts.length > 0) await this.signIn()
  }

  async signIn(): Promise<void> {
    const answer = await this.#expect('login', this.nextLogin())
    const token = answer[this.surface.token]
    if (typeof token !== 'string')
      throw new ServiceError(`${this.name}: the answer to a login has no ${this.surface.token}`)
    this.token = token
  }

  find(): void {
    this.pids = processesBehind(new URL(this.#base))
  }

  #body(what: 'register' | 'login', name: string): string {
    const { name: key, password, isEmail } = this.surface
    const { extra } = this.surface[what]
    return JSON.stringify({ [key]: isEmail ? `${name}@example.com` : name, [password]: PASSWORD, ...extra })
  }

  async #expect(what: 'register' | 'login', body: string): Promise<Record<string, string>> {
    const { path, status: expected } = this.surface[what]
    const { status, code, body: answer } = await ask(this.#base, 'POST', path, { body, timeoutMs: TIMEOUT_MS })
    if (status === expected) return answer
    const seen = `${status || code}`
    throw new ServiceError(
      `${this.name}: POST ${path} has to be answered with ${expected}, not with ${seen}.${adviceOn(seen)}`
    )
  }
}

/** On a busy machine a hash may take long, in milliseconds. */
const TIMEOUT_MS = 60_000

/** Begins the names of this process, so that no other run has used them. */
const RUN = `r${Date.now().toString(36)}${process.pid.toString(36)}`
let runs = 0

/** Two subjects may share their accounts: one service under two names, or two of its instances. */
function nextRun(): string {
  runs += 1
  return `${RUN}.${runs.toString(36)}`
}
