import http, { type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http'

export const PASSWORD = 'correct horse battery staple'

export interface Answer {
  /** 0 where there was none; then `code` is that of the network. */
  status: number
  code: string | undefined
  headers: IncomingHttpHeaders
  body: Record<string, string>
  /** The time of the request, and the duration until the answer was complete, in milliseconds. */
  start: number
  ms: number
  /** Whether the connection had been used before. */
  reused: boolean
}

export interface Question {
  /** Sent as JSON; `body` is sent as it stands. */
  payload?: unknown
  body?: string | Buffer
  token?: string | undefined
  headers?: OutgoingHttpHeaders
  /** The address of this machine that it comes from. */
  from?: string
  /** Without one, each request has a connection of its own. */
  agent?: http.Agent | undefined
  /** Hangs up. */
  signal?: AbortSignal
  /** The timeout, in milliseconds. */
  timeoutMs?: number
}

/** Sends one request. Never throws. */
export function ask(
  base: string,
  method: string,
  path: string,
  {
    payload,
    body = payload === undefined ? undefined : JSON.stringify(payload),
    token,
    headers,
    from,
    agent,
    signal,
    timeoutMs = 15_000
  }: Question = {}
): Promise<Answer> {
  const start = performance.now()
  const late = AbortSignal.timeout(timeoutMs)
  return new Promise((resolve) => {
    const request = http.request(new URL(path, base), {
      method,
      agent: agent ?? false,
      ...(from !== undefined && { localAddress: from }),
      signal: signal ? AbortSignal.any([late, signal]) : late,
      headers: {
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...headers
      }
    })
    const done = (status: number, headers: IncomingHttpHeaders, body: Record<string, string>, code = body.code) =>
      resolve({ status, code, headers, body, start, ms: performance.now() - start, reused: request.reusedSocket })
    const fail = (error: NodeJS.ErrnoException) => done(0, {}, {}, error.code)
    request.on('error', fail).on('response', (response) => {
      const chunks: Buffer[] = []
      response.on('error', fail).on('data', (chunk) => chunks.push(chunk))
      response.on('end', () => {
        done(response.statusCode as number, response.headers, objectOf(Buffer.concat(chunks).toString()))
      })
    })
    request.end(body)
  })
}

/** Nothing, where it is not the JSON of an object. */
function objectOf(text: string): Record<string, string> {
  try {
    return { ...JSON.parse(text) }
  } catch {
    return {}
  }
}

/** Processes the items with limited concurrency. */
export async function inTurns<Item>(
  items: Item[],
  atOnce: number,
  work: (item: Item) => Promise<unknown>
): Promise<void> {
  const rest = [...items]
  const worker = async () => {
    while (rest.length > 0) await work(rest.shift() as Item)
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
}
