import http from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { type Answer, ask, type Question } from '@latchkey/compare/measure/client'
import { openSocket, send } from '../shared/sockets.ts'
import { NOISE, REFUSED, type Refused, UNFINISHED } from './garbage.ts'
import type { Ledger } from './ledger.ts'

/** The age at which an access token is renewed, in milliseconds; it expires after 15 minutes. */
const FRESH = 800_000

/** REFRESH_GRACE minus the duration of a request, in milliseconds. */
const GRACE = 9_000

/** Wrong passwords for a name, below the limit of ten. */
const MISTAKES = 6

export interface Session {
  id: string
  access: string
  refresh: string
  renewed: number
  /** The time at which the answer to a refresh was lost. */
  unsure?: number | undefined
}

/** A simulated user with an account. Does one thing at a time. */
export interface Person {
  username: string
  /** The second is the previous password, while the outcome of a change is unknown. */
  passwords: [string, string?]
  address: string
  agent: http.Agent | undefined
  /** Sessions that were acknowledged and not ended. */
  sessions: Session[]
  mistakes: number
  busy: boolean
}

/** A name without an account, for which passwords are guessed. */
interface Siege {
  username: string
  address: string
  attempts: number
  busy: boolean
}

/** The simulated users. */
export class SimulatedUsers {
  readonly people: Person[] = []
  /** Names whose registration was answered with 503, so that its outcome is unknown. */
  readonly doubtful: string[] = []
  /** Sessions that were refused although nothing had ended them, and those that were lost with an answer. */
  readonly lost: string[] = []
  readonly explained: string[] = []
  readonly #base: string
  readonly #ledger: Ledger
  readonly #agent = new http.Agent({ keepAlive: true, maxFreeSockets: 16 })
  #addresses = 0
  #siege: Siege | undefined

  constructor(base: string, ledger: Ledger) {
    this.#base = base
    this.#ledger = ledger
  }

  /** Closes all persistent connections. */
  leave(): void {
    this.#agent.destroy()
  }

  /** Registers a user and signs in. */
  async join(): Promise<void> {
    const person: Person = {
      username: `soak.${Date.now().toString(36)}.${this.#addresses}`,
      passwords: [newPassword()],
      address: this.#newAddress(),
      agent: this.#addresses % 2 ? this.#agent : undefined,
      sessions: [],
      mistakes: 0,
      busy: false
    }
    const payload = { username: person.username, password: person.passwords[0] }
    const { status } = await this.#ask('register', person, 'POST', '/register', [201], { payload })
    if (status === 201) this.people.push(person)
    else this.doubtful.push(person.username)
  }

  /** Lets a user do one action, chosen by weight. */
  async act(): Promise<void> {
    const action = choose()
    if (isAnybodys(action)) return this.#doAsAnybody(action)
    const person = this.#anybody()
    if (!person) return
    person.busy = true
    await this.#do(action, person)
    person.busy = false
  }

  #doAsAnybody(action: AnybodysAction): Promise<void> {
    switch (action) {
      case 'register':
        return this.join()
      case 'stranger':
        return this.#stranger()
      case 'guess':
        return this.#guess()
      case 'garbage':
        return this.#garbage()
      case 'noise':
        return this.#noise()
    }
  }

  async #do(action: PersonsAction, person: Person): Promise<unknown> {
    const session = pick(person.sessions)
    if (action === 'hang up') return this.#hangUp(person, session)
    if (!session || person.passwords[1] !== undefined) return this.signIn(person)
    if (session.unsure !== undefined || performance.now() - session.renewed > FRESH) {
      return this.refresh(person, session)
    }
    switch (action) {
      case 'secret':
      case 'me':
        return this.#look(action, person, session)
      case 'sessions':
        return this.#list(person, session)
      case 'refresh':
        return this.refresh(person, session)
      case 'login':
        return person.sessions.length < 4 ? this.signIn(person) : this.#logout(person, session)
      case 'logout':
        return this.#logout(person, session)
      case 'end':
        return this.#end(person, session)
      case 'password':
        return this.#changePassword(person, session)
      case 'mistake':
        return person.mistakes < MISTAKES ? this.#mistake(person) : this.signIn(person)
    }
  }

  /** Signs in; determines the current password if that is unknown. */
  async signIn(person: Person): Promise<Answer> {
    const { username, passwords } = person
    const payload = { username, password: passwords[0] }
    const right = passwords[1] === undefined ? [200] : [200, 401]
    const answer = await this.#ask('login', person, 'POST', '/login', right, { payload })
    if (answer.status === 401 && passwords[1] !== undefined) {
      person.passwords = [passwords[1]]
      return this.signIn(person)
    }
    if (answer.status !== 200) return answer
    person.passwords = [passwords[0]]
    person.mistakes = 0
    const { access_token: access = '', refresh_token: refresh = '' } = answer.body
    person.sessions.push({ id: sessionOf(access), access, refresh, renewed: performance.now() })
    return answer
  }

  /** Refreshes like a client, which retries after 503. */
  async refresh(person: Person, session: Session): Promise<void> {
    for (let attempts = 0; attempts < 10; attempts += 1) {
      const late = session.unsure !== undefined && performance.now() - session.unsure > GRACE
      const answer = await this.#refreshOnce(person, session, late ? [200, 401] : [200])
      if (answer.status === 401) {
        person.sessions = person.sessions.filter((other) => other !== session)
        if (late) this.explained.push(session.id)
        else this.lost.push(session.id)
      }
      if (answer.status !== 503) return
      await pause(Number(answer.headers['retry-after'] ?? 1) * 1000)
    }
  }

  async #refreshOnce(person: Person, session: Session, right: number[], signal?: AbortSignal): Promise<Answer> {
    const question = { payload: { refresh_token: session.refresh }, ...(signal && { signal }) }
    const what = signal ? 'refresh, hung up' : 'refresh'
    const answer = await this.#ask(what, person, 'POST', '/token/refresh', right, question)
    if (answer.status === 200) {
      const { access_token: access, refresh_token: refresh } = answer.body
      Object.assign(session, { access, refresh, renewed: performance.now(), unsure: undefined })
    } else {
      session.unsure ??= answer.start
    }
    return answer
  }

  async #look(path: 'secret' | 'me', person: Person, { access }: Session): Promise<void> {
    await this.#ask(path, person, 'GET', `/${path}`, [200], { token: access }, ({ body }) =>
      path === 'me' ? body.username === person.username : body.message?.includes(person.username) === true
    )
  }

  async #list(person: Person, { access }: Session): Promise<void> {
    await this.#ask('sessions', person, 'GET', '/sessions', [200], { token: access }, ({ body }) => {
      const listed = (body.sessions as unknown as { id: string }[]).map(({ id }) => id)
      return person.sessions.every(({ id }) => listed.includes(id))
    })
  }

  async #logout(person: Person, session: Session): Promise<void> {
    person.sessions = person.sessions.filter((other) => other !== session)
    const payload = { refresh_token: session.refresh }
    const { status } = await this.#ask('logout', person, 'POST', '/logout', [204], { payload })
    if (status === 204) await this.#stayOut(person, session)
  }

  /** Ends another session or, if there is none, all others. */
  async #end(person: Person, session: Session): Promise<void> {
    const other = person.sessions.find((other) => other !== session)
    person.sessions = other ? person.sessions.filter((one) => one !== other) : [session]
    const path = other ? `/sessions/${other.id}` : '/sessions'
    const { status } = await this.#ask('end', person, 'DELETE', path, [204], { token: session.access })
    if (status === 204 && other) await this.#stayOut(person, other)
  }

  async #changePassword(person: Person, session: Session): Promise<void> {
    const others = person.sessions.filter((other) => other !== session)
    const [current] = person.passwords
    const payload = { current_password: current, new_password: newPassword() }
    person.sessions = [session]
    const question = { payload, token: session.access }
    const { status } = await this.#ask('password', person, 'POST', '/password/change', [204], question)
    person.passwords = status === 204 ? [payload.new_password] : [payload.new_password, current]
    if (status === 204 && others[0]) await this.#stayOut(person, others[0])
  }

  /** Checks that an ended session stays ended. */
  async #stayOut(person: Person, { refresh }: Session): Promise<void> {
    const question = { payload: { refresh_token: refresh } }
    await this.#ask('refresh of what is over', person, 'POST', '/token/refresh', [401], question)
  }

  async #mistake(person: Person): Promise<void> {
    person.mistakes += 1
    const payload = { username: person.username, password: newPassword() }
    await this.#ask('mistake', person, 'POST', '/login', [401], { payload })
  }

  async #stranger(): Promise<void> {
    const payload = { username: `nobody.${this.#addresses}`, password: newPassword() }
    await this.#ask('unknown name', { address: this.#newAddress() }, 'POST', '/login', [401], { payload })
  }

  /** Guesses for one name, from one address. */
  async #guess(): Promise<void> {
    if (!this.#siege || this.#siege.attempts >= 50) {
      const address = this.#newAddress()
      this.#siege = { username: `besieged.${this.#addresses}`, address, attempts: 0, busy: false }
    }
    const siege = this.#siege
    if (siege.busy) return
    siege.busy = true
    const payload = { username: siege.username, password: newPassword() }
    // One more guess is allowed after each wait.
    const right = siege.attempts < 10 ? [401] : [401, 429]
    const { status } = await this.#ask('guess', siege, 'POST', '/login', right, { payload })
    if (status !== 503) siege.attempts += 1
    siege.busy = false
  }

  async #garbage(): Promise<void> {
    const { method = 'POST', path, status, ...question } = pick(REFUSED) as Refused
    await this.#ask('garbage', { address: this.#newAddress() }, method, path, [status], question)
  }

  async #noise(): Promise<void> {
    const bytes = (pick(NOISE) as () => string | Buffer)()
    await this.#raw('noise', bytes, /^HTTP\/1.1 4\d\d /)
  }

  /** Sends part of a request, and waits until the service closes the connection. */
  loiter(): Promise<void> {
    const text = pick(UNFINISHED.slice(1)) as string
    return this.#raw('loiter', text, /^HTTP\/1.1 408 /)
  }

  async #raw(what: string, text: string | Buffer, right: RegExp): Promise<void> {
    const start = performance.now()
    const answer = await openSocket(this.#base).then(
      (socket) => send(socket, text),
      () => ''
    )
    const ms = performance.now() - start
    const status = Number(answer.slice(9, 12))
    this.#ledger.add(
      what,
      { status, code: undefined, headers: {}, body: {}, start, ms, reused: false },
      right.test(answer)
    )
  }

  /** Disconnects within a request, or before its answer. */
  async #hangUp(person: Person, session: Session | undefined): Promise<void> {
    if (Math.random() < 0.4) {
      const socket = await openSocket(this.#base)
      socket.on('error', () => {}).write(pick(UNFINISHED) as string)
      await pause(Math.random() * 50)
      socket.destroy()
    } else if (session && Math.random() < 0.5) {
      const answer = await this.#refreshOnce(
        person,
        session,
        [200, 0],
        AbortSignal.timeout(Math.ceil(Math.random() * 10))
      )
      if (answer.status !== 200) await this.refresh(person, session)
    } else {
      const signal = AbortSignal.timeout(Math.ceil(Math.random() * 100))
      const payload = { username: person.username, password: person.passwords[0] }
      const right = person.passwords[1] === undefined ? [200, 0] : [200, 0, 401]
      await this.#ask('login, hung up', person, 'POST', '/login', right, { payload, signal })
    }
  }

  async #ask(
    what: string,
    who: Pick<Person, 'address'> & Partial<Pick<Person, 'agent'>>,
    method: string,
    path: string,
    right: number[],
    question: Question,
    fits: (answer: Answer) => boolean = () => true
  ): Promise<Answer> {
    const headers = { ...question.headers, 'x-forwarded-for': who.address }
    const answer = await ask(this.#base, method, path, { ...question, headers, agent: who.agent })
    this.#ledger.add(what, answer, right.includes(answer.status) && (answer.status !== 200 || fits(answer)))
    return answer
  }

  #anybody(): Person | undefined {
    for (let attempts = 0; attempts < 10; attempts += 1) {
      const person = pick(this.people)
      if (person && !person.busy) return person
    }
    return undefined
  }

  /** The address in X-Forwarded-For. */
  #newAddress(): string {
    this.#addresses += 1
    return `10.${[16, 8, 0].map((shift) => (this.#addresses >> shift) & 255).join('.')}`
  }
}

/** The weights of actions, in percent. Few of them hash passwords, so that one core suffices. */
const WEIGHTS = {
  secret: 34,
  me: 16,
  refresh: 18,
  sessions: 6,
  login: 3,
  register: 2,
  logout: 2,
  end: 1,
  password: 1,
  mistake: 1,
  stranger: 1,
  guess: 3,
  garbage: 6,
  noise: 2,
  'hang up': 4
}

type Action = keyof typeof WEIGHTS

/** Requests without an account. */
const ANYBODYS = ['register', 'stranger', 'guess', 'garbage', 'noise'] as const

type AnybodysAction = (typeof ANYBODYS)[number]
type PersonsAction = Exclude<Action, AnybodysAction>

const isAnybodys = (action: Action): action is AnybodysAction => ANYBODYS.includes(action as AnybodysAction)

const DECK = Object.entries(WEIGHTS).flatMap(([action, weight]) => Array<Action>(weight).fill(action as Action))

const choose = () => pick(DECK) as Action

const pick = <Item>(items: Item[]): Item | undefined => items[Math.floor(Math.random() * items.length)]

let passwords = 0

function newPassword(): string {
  passwords += 1
  return `a password that nobody else has, ${passwords}`
}

/** The session of an access token, which is not verified here. */
function sessionOf(access: string): string {
  return JSON.parse(Buffer.from(access.split('.')[1] ?? '', 'base64url').toString() || '{}').sid
}
