import { randomBytes } from 'node:crypto'
import http from 'node:http'

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

export type Request = (ask: Ask) => Promise<Answer>

export interface Prepared {
  method: string
  path: string
  headers: Record<string, string>
  bytes: Buffer | undefined
  chunked: boolean
}

export function prepare({ method, path, headers = {}, body, chunked = false }: Ask): Prepared {
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

/** Sends requests over HTTP, with paths and headers unchanged. */
export function sentTo(base: string, agent: http.Agent): Request {
  const { hostname, port } = new URL(base)
  return (ask) =>
    new Promise((resolve, reject) => {
      const { method, path, headers, bytes, chunked } = prepare(ask)
      // Said for every method: node:http would send the body of a DELETE with neither.
      const framing = chunked ? { 'transfer-encoding': 'chunked' } : bytes && { 'content-length': String(bytes.length) }
      const request = http.request({ agent, hostname, port, method, path, headers: { ...framing, ...headers } })
      request.once('response', async (response) => {
        // A refusal may arrive before the body is sent: errors of sending the rest are ignored.
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
