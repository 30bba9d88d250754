import http from 'node:http'
import { type Answer, ask, PASSWORD } from '@latchkey/compare/measure/client'
import { title } from '../shared/report.ts'
import { type CreateDatabase, createAccount, type Hiding, someAddress, startHiding } from './accounts.ts'
import { compareKinds, type Kind } from './comparing.ts'

/** The number of requests of each kind. */
const PAIRS = 200

/** Just below the limit of 8 KB on a Cookie header, and nothing in it can be decoded. */
const COOKIES = Array.from({ length: 1200 }, (_, index) => `${index}=%`)
  .join('; ')
  .slice(0, 7_900)

/** Names with and without an account, of equal length: short ones, and some of 250 characters. */
const NAMES: Record<Kind, Record<'plain' | 'worst', string>> = {
  known: { plain: 'known@example.com', worst: longest('known') },
  unknown: { plain: 'nobod@example.com', worst: longest('nobod') }
}

function longest(name: string): string {
  const local = name.padEnd(64, 'x')
  return `${local}@${'d'.repeat(63)}.${'d'.repeat(63)}.${'d'.repeat(57)}`
}

/** The form of a request: plain, or as expensive as possible. */
type Way = 'plain' | 'worst'

const WAYS: Way[] = ['plain', 'worst']

const PASSWORDS: Record<Way, string> = { plain: 'wrong', worst: '\u0301'.repeat(1024) }

interface Asking {
  path: string
  payload: (name: string, way: Way) => object
  /** The expected status; other answers are not compared. */
  status: number
  /** The client address; by default one that has not been counted yet. */
  from?: string
  token?: string
}

const LOGIN = {
  path: '/login',
  payload: (email: string, way: Way) => ({ email, password: PASSWORDS[way] })
}

const MAILS = ['/password/forgot', '/email/resend', '/register'].map((path) => ({
  path,
  payload: (email: string) => ({ email })
}))

const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })

function send({ service }: Hiding, { path, payload, from, token }: Asking, kind: Kind, way: Way): Promise<Answer> {
  const json = JSON.stringify(payload(NAMES[kind][way], way))
  return ask(service.base, 'POST', path, {
    agent,
    token,
    // Whitespace is part of a body and must be read.
    body: way === 'plain' ? json : json.replace('{', `{${' '.repeat(16_384 - Buffer.byteLength(json))}`),
    headers: {
      'x-forwarded-for': from ?? someAddress(),
      ...(way === 'worst' && { cookie: COOKIES, 'user-agent': 'x'.repeat(2_000) })
    }
  })
}

async function compareAnswers(hiding: Hiding, asking: Asking, what = '', pairs = PAIRS): Promise<void> {
  for (const way of WAYS) {
    await compareKinds(`${asking.path} ${asking.status}, ${way}${what}`, pairs, async (kind) => {
      for (let times = 0; times < 1000; times += 1) {
        const { status, ms } = await send(hiding, asking, kind, way)
        if (status === asking.status) return ms
      }
      throw new Error(`${asking.path} is not answered with ${asking.status}`)
    })
  }
}

async function startWithAccounts(
  createDatabase: CreateDatabase,
  environment: Record<string, string> = {}
): Promise<Hiding> {
  const hiding = await startHiding(createDatabase, environment)
  for (const way of WAYS) await createAccount(hiding, NAMES.known[way])
  return hiding
}

/** Wrong passwords, and requests for mails. */
export async function accepted(createDatabase: CreateDatabase): Promise<void> {
  title('What is answered to everybody')
  const hiding = await startWithAccounts(createDatabase)
  await compareAnswers(hiding, { ...LOGIN, status: 401 })
  for (const mail of MAILS) await compareAnswers(hiding, { ...mail, status: 202 })
  const email = 'observer@example.com'
  await createAccount(hiding, email)
  const { body } = await ask(hiding.service.base, 'POST', '/login', { payload: { email, password: PASSWORD } })
  const change = { path: '/email/change', payload: (new_email: string) => ({ new_email, current_password: PASSWORD }) }
  await compareAnswers(hiding, { ...change, status: 202, token: String(body.access_token) })
  await hiding.stop()
}

/** Requests refused by the limits on names and addresses, and mails beyond the limit of a recipient. */
export async function limited(createDatabase: CreateDatabase): Promise<void> {
  title('What the limits refuse')
  const hiding = await startWithAccounts(createDatabase, { LIMITS: 'on' })
  const use = async (asking: Asking, times: number) => {
    for (const kind of ['known', 'unknown'] as const) {
      for (const way of WAYS) for (let time = 0; time < times; time += 1) await send(hiding, asking, kind, way)
    }
  }
  const login = { ...LOGIN, status: 429 }
  await use(login, 12)
  await compareAnswers(hiding, login, ', by the name')
  const from = someAddress()
  await use({ ...login, from }, 16)
  await compareAnswers(hiding, { ...login, from }, ', by the address')
  for (const mail of MAILS) {
    await use({ ...mail, status: 202 }, 6)
    await compareAnswers(hiding, { ...mail, status: 202 }, ', beyond the share')
    await use({ ...mail, status: 429, from }, 8)
    await compareAnswers(hiding, { ...mail, status: 429, from }, ', by the address')
  }
  await hiding.stop()
}

/** Requests refused while the queue of hashes is full. */
export async function overloaded(createDatabase: CreateDatabase): Promise<void> {
  title('What is refused under load')
  const hiding = await startWithAccounts(createDatabase, { HASH_CONCURRENCY: '1', HASH_QUEUE: '1' })
  let busy = true
  const keepBusy = async () => {
    while (busy) {
      const { status } = await ask(hiding.service.base, 'POST', '/login', {
        payload: { username: 'somebody', password: 'wrong' },
        headers: { 'x-forwarded-for': someAddress() }
      })
      if (status === 503) await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }
  const others = Array.from({ length: 4 }, keepBusy)
  await compareAnswers(hiding, { ...LOGIN, status: 503 })
  busy = false
  await Promise.all(others)
  await hiding.stop()
}
