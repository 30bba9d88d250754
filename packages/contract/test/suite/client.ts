import http from 'node:http'
import { Readable } from 'node:stream'
import type { Test } from 'tap'
import { type Application, build, type TestClock } from './application.ts'
import { answer, PASSWORD, prepare, type Request, sentTo } from './http.ts'

export { type Answer, type Ask, answer, bearer, PASSWORD, sentTo, unique } from './http.ts'

/**
 * The service that is tested is the one at CONTRACT_URL, in whatever language it is written, with LIMITS=off, since all
 * requests come from one address. CONTRACT_ISSUER and CONTRACT_AUDIENCE name the issuer and audience of its tokens where
 * those are not CONTRACT_URL; CONTRACT_METRICS_KEY and CONTRACT_INTROSPECTION_KEY are its METRICS_KEY and
 * INTROSPECTION_KEY, if it has them, and CONTRACT_ADMIN_USERNAME and CONTRACT_ADMIN_PASSWORD sign in an administrator. Without CONTRACT_URL it is the application that CONTRACT_APPLICATION names.
 */
export const {
  CONTRACT_URL,
  CONTRACT_ISSUER,
  CONTRACT_AUDIENCE,
  CONTRACT_METRICS_KEY,
  CONTRACT_INTROSPECTION_KEY,
  CONTRACT_ADMIN_USERNAME,
  CONTRACT_ADMIN_PASSWORD
} = process.env

export interface Client {
  request: Request
  issuer: string
  audience: string
  metricsKey: string | undefined
}

/** A client of the service, ready, and closed with the test. The environment and the clock count in process only. */
export async function createClient(
  t: Test,
  environment: Record<string, string> = {},
  clock?: TestClock
): Promise<Client> {
  return CONTRACT_URL ? remote(t, CONTRACT_URL) : local(t, environment, clock)
}

async function local(t: Test, environment: Record<string, string>, clock?: TestClock): Promise<Client> {
  const issuer = 'https://latchkey.test/auth'
  const audience = 'https://api.test'
  const application = await build(t, {
    environment: { PUBLIC_URL: issuer, AUDIENCE: audience, LIMITS: 'off', ...environment },
    ...(clock && { clock })
  })
  return { request: injectedInto(application), issuer, audience, metricsKey: environment.METRICS_KEY }
}

/** Sends requests to an application without a network. */
export function injectedInto(application: Pick<Application, 'inject'>): Request {
  return async (ask) => {
    const { method, path, headers, bytes, chunked } = prepare(ask)
    const response = await application.inject({
      method,
      url: path,
      headers: chunked ? { 'transfer-encoding': 'chunked', ...headers } : headers,
      ...(bytes && { payload: chunked ? Readable.from([bytes.subarray(0, 100), bytes.subarray(100)]) : bytes })
    })
    return answer(response.statusCode, response.headers, response.body)
  }
}

function remote(t: Test, base: string): Client {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 20 })
  t.teardown(() => agent.destroy())
  const issuer = CONTRACT_ISSUER ?? new URL(base).origin
  const audience = CONTRACT_AUDIENCE ?? issuer
  return { request: sentTo(base, agent), issuer, audience, metricsKey: CONTRACT_METRICS_KEY }
}

/** A new account that has signed in. */
export async function signIn(client: Pick<Client, 'request'>, names: { username?: string; email?: string }) {
  const user = await client.request({ path: '/register', body: { ...names, password: PASSWORD } })
  const { username, email } = names
  const login = await client.request({
    path: '/login',
    body: { ...(username ? { username } : { email }), password: PASSWORD }
  })
  return { user: user.json, ...login.json }
}
