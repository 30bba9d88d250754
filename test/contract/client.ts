import { randomBytes } from 'node:crypto'
import http from 'node:http'
import { Readable } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import type { Test } from 'tap'
import { build } from '../helper.ts'

/**
 * The service to speak to: by default the application in this process, or the one at CONTRACT_URL, whatever it is
 * written in. That one needs LIMITS=off, since the tests come from one address; CONTRACT_ISSUER and CONTRACT_AUDIENCE
 * say what its tokens carry where that is not CONTRACT_URL, CONTRACT_METRICS_KEY and CONTRACT_INTROSPECTION_KEY are its
 * METRICS_KEY and INTROSPECTION_KEY, if it has them.
 */
export const { CONTRACT_URL, CONTRACT_ISSUER, CONTRACT_AUDIENCE, CONTRACT_METRICS_KEY, CONTRACT_INTROSPECTION_KEY } =
  process.env

export const PASSWORD = 'correct horse battery staple'

export interface Ask {
  /** GET, or POST where there is a body. */
  method?: string
  path: string
  headers?: Record<string, string>
  /** Sent as it is; anything but text and bytes as JSON, with its content type. */
  body?: unknown
  /** Send the body in chunks, with no content-length. */
  chunked?: boolean
}

export interface Answer {
  status: number
  headers: Record<string, string>
  body: string
  /** The body read as JSON; undefined where it is none. */
  // biome-ignore lint/suspicious/noExplicitAny: what a test reads of an answer it compares
  json: any
}

export interface Client {
  request(ask: Ask): Promise<Answer>
  issuer: string
  audience: string
  metricsKey: string | undefined
}

interface Prepared {
  method: string
  path: string
  headers: Record<string, string>
  bytes: Buffer | undefined
  chunked: boolean
}

/** A client of the service, ready, and closed with the test. The environment counts in process only. */
export async function createClient(t: Test, environment: Record<string, string> = {}): Promise<Client> {
  return CONTRACT_URL ? remote(t, CONTRACT_URL) : local(t, environment)
}

function prepare({ method, path, headers = {}, body, chunked = false }: Ask): Prepared {
  const raw = body === undefined || typeof body === 'string' || Buffer.isBuffer(body)
  const bytes = body === undefined ? undefined : Buffer.from(raw ? (body as string) : JSON.stringify(body))
  return {
    method: method ?? (bytes ? 'POST' : 'GET'),
    path,
    headers: { ...(!raw && { 'content-type': 'application/json' }), ...headers },
    bytes,
    chunked
  }
}

async function local(t: Test, environment: Record<string, string>): Promise<Client> {
  const issuer = 'https://latchkey.test/auth'
  const audience = 'https://api.test'
  const fastify = await build(t, {
    environment: { PUBLIC_URL: issuer, AUDIENCE: audience, LIMITS: 'off', ...environment }
  })
  return { request: injectedInto(fastify), issuer, audience, metricsKey: environment.METRICS_KEY }
}

/** Asks an application without a network. */
export function injectedInto(fastify: FastifyInstance): Client['request'] {
  return async (ask) => {
    const { method, path, headers, bytes, chunked } = prepare(ask)
    const response = await fastify.inject({
      method: method as 'GET',
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

/** Asks over HTTP, with paths and headers as they are. */
export function sentTo(base: string, agent: http.Agent): Client['request'] {
  const { hostname, port } = new URL(base)
  return (ask) =>
    new Promise((resolve, reject) => {
      const { method, path, headers, bytes, chunked } = prepare(ask)
      // Said for every method: node:http would send the body of a DELETE with neither.
      const framing = chunked ? { 'transfer-encoding': 'chunked' } : bytes && { 'content-length': String(bytes.length) }
      const request = http.request({ agent, hostname, port, method, path, headers: { ...framing, ...headers } })
      request.once('response', async (response) => {
        // A refusal may come before the body is out: what happens to the rest of it does not matter.
        request.on('error', () => {})
        const chunks: Buffer[] = []
        for await (const chunk of response) chunks.push(chunk)
        resolve(answer(response.statusCode as number, response.headers, Buffer.concat(chunks).toString()))
      })
      request.once('error', reject)
      if (bytes && chunked) request.write(bytes.subarray(0, 100))
      request.end(chunked ? bytes?.subarray(100) : bytes)
    })
}

export function answer(status: number, headers: http.OutgoingHttpHeaders, body: string): Answer {
  const text = Object.entries(headers).map(([name, value]) => [name, String(value)])
  return { status, headers: Object.fromEntries(text), body, json: parse(body) }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** A name that no other account has, also where the service keeps its database. */
export const unique = (name = 'ada') => `${name}.${randomBytes(5).toString('hex')}`

export const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

/** A new account that has signed in. */
export async function signIn(client: Client, names: { username?: string; email?: string }) {
  const user = await client.request({ path: '/register', body: { ...names, password: PASSWORD } })
  const { username, email } = names
  const login = await client.request({
    path: '/login',
    body: { ...(username ? { username } : { email }), password: PASSWORD }
  })
  return { user: user.json, ...login.json }
}
