import { inTurns, PASSWORD } from '@latchkey/compare/measure/client'
import { cpuTime } from '@latchkey/compare/measure/local-processes'
import { threadTime } from '../shared/processes.ts'
import { APPS, AT_ONCE, appUserOf, type Build, CLIENT_NUMBERS, CLIENTS, userOf } from './build.ts'

/** Sends one request of a client. */
type Request = (client: number, time: number) => Promise<void>

/** Requests of one kind. */
interface Scenario {
  what: string
  /** The number of requests of each client, one after another. */
  times: number
  /** Prepares a request, outside of the measurement. @returns undefined if the build does not have the request */
  prepare: (build: Build) => Promise<Request | undefined>
  /** Measures the CPU time of the service so far, in milliseconds; by default, without that of hashing. */
  timeOf?: (pid: number) => number
}

const get =
  (path: string): Scenario['prepare'] =>
  async (build) =>
  async (client) => {
    await build.expect(200, 'GET', path, { token: build.sessions[client]?.access })
  }

export const SCENARIOS: Scenario[] = [
  { what: '/secret', times: 400, prepare: get('/secret') },
  { what: '/me', times: 150, prepare: get('/me') },
  { what: '/token/refresh', times: 100, prepare: refresh },
  { what: '/login', times: 4, prepare: login },
  { what: '/login with its hash', times: 2, prepare: login, timeOf: (pid) => cpuTime([pid]) },
  { what: '/login/mfa', times: APPS / CLIENTS, prepare: secondStep },
  { what: '/login/passkey', times: 6, prepare: passkey }
]

/**
 * Sends the requests of all clients.
 *
 * @returns the CPU time of each, in microseconds; undefined if the build does not have the request
 */
export async function measureRequests(
  { times, prepare, timeOf = threadTime }: Scenario,
  build: Build
): Promise<number | undefined> {
  const request = await prepare(build)
  if (!request) return undefined
  const before = timeOf(build.pid)
  await Promise.all(
    CLIENT_NUMBERS.map(async (client) => {
      for (let time = 0; time < times; time += 1) await request(client, time)
    })
  )
  return ((timeOf(build.pid) - before) * 1000) / (CLIENTS * times)
}

async function refresh(build: Build): Promise<Request> {
  return async (client) => {
    const payload = { refresh_token: build.sessions[client]?.refresh }
    const { body } = await build.expect(200, 'POST', '/token/refresh', { payload })
    build.sessions[client] = { access: String(body.access_token), refresh: String(body.refresh_token) }
  }
}

async function login(build: Build): Promise<Request> {
  return async (client) => {
    await build.expect(200, 'POST', '/login', { payload: { username: userOf(client), password: PASSWORD } })
  }
}

/** Each request is of another account. */
async function secondStep(build: Build): Promise<Request | undefined> {
  const apps = await build.apps()
  if (apps.length === 0) return undefined
  const tokens: string[] = []
  await inTurns([...apps.keys()], AT_ONCE, async (index) => {
    tokens[index] = await firstStep(build, index)
  })
  const timestamp = await build.resetApps()
  const payloads = apps.map((app, index) => ({ mfa_token: tokens[index], totp: app.generate({ timestamp }) }))
  return async (client, time) => {
    await build.expect(200, 'POST', '/login/mfa', { payload: payloads[client + CLIENTS * time] })
  }
}

/** @returns the token for the second step */
async function firstStep(build: Build, index: number): Promise<string> {
  const payload = { username: appUserOf(index), password: PASSWORD }
  const { body } = await build.expect(403, 'POST', '/login', { payload })
  return (body as unknown as { challenge: { mfa_token: string } }).challenge.mfa_token
}

/** With the request for the options. */
async function passkey(build: Build): Promise<Request | undefined> {
  const authenticators = await build.authenticators()
  if (authenticators.length === 0) return undefined
  return async (client) => {
    const { body } = await build.expect(200, 'POST', '/login/passkey/options', { payload: {} })
    const credential = authenticators[client]?.get(body.public_key as never)
    await build.expect(200, 'POST', '/login/passkey', { payload: { credential } })
  }
}
