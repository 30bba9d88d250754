import { type AddressInfo, connect, type Socket } from 'node:net'
import type { Test } from 'tap'
import { build } from '../application.ts'
import { type Answer, answer, CONTRACT_URL } from '../client.ts'

/** A timeout longer than any answer takes, including the 408 of a slow request. */
const TIMEOUT_MS = 120_000

export interface Service {
  /** Opens a connection, closed with the test. */
  connect(): Connection
  /** Sends bytes on a connection of their own and reads every answer until the service closes it. */
  exchange(bytes: string | Buffer, options?: Options): Promise<Answer[]>
}

interface Options {
  /** Close our side after sending. */
  end?: boolean
  /** The methods of the requests, where one is HEAD: its answer has no body. */
  methods?: string[]
}

export interface Connection {
  socket: Socket
  send(bytes: string | Buffer): void
  /** Everything received until the text fits the pattern. */
  until(pattern: RegExp): Promise<string>
  /** Everything received until the service closes the connection. */
  rest(): Promise<string>
}

/** The service on a TCP socket: the application on its own port, or the service at CONTRACT_URL. */
export async function listen(t: Test): Promise<Service> {
  const { hostname, port } = CONTRACT_URL ? new URL(CONTRACT_URL) : await local(t)
  const open = () => openConnection(t, hostname, Number(port))
  return {
    connect: open,
    async exchange(bytes, { end = false, methods = [] } = {}) {
      const connection = open()
      connection.send(bytes)
      if (end) connection.socket.end()
      return parseAnswers(await connection.rest(), methods)
    }
  }
}

async function local(t: Test): Promise<{ hostname: string; port: number }> {
  const fastify = await build(t, { environment: { LIMITS: 'off' } })
  await fastify.listen({ host: '127.0.0.1', port: 0 })
  return { hostname: '127.0.0.1', port: (fastify.server.address() as AddressInfo).port }
}

function openConnection(t: Test, hostname: string, port: number): Connection {
  const socket = connect({ host: hostname, port, allowHalfOpen: true })
  t.teardown(() => socket.destroy())
  let text = ''
  let closed = false
  let notice = () => {}
  const hear = () => notice()
  socket.setEncoding('latin1')
  socket.setTimeout(TIMEOUT_MS, () => socket.destroy(new Error('no answer')))
  socket.on('data', (chunk) => {
    text += chunk
    hear()
  })
  const close = () => {
    closed = true
    socket.end()
    hear()
  }
  socket.on('end', close)
  socket.on('close', close)
  // Errors of the connection show in the answer, or in its absence.
  socket.on('error', () => {})

  function wait(done: () => boolean): Promise<string> {
    return new Promise((resolve) => {
      notice = () => {
        if (done() || closed) resolve(text)
      }
      hear()
    })
  }

  return {
    socket,
    send: (bytes) => socket.write(bytes),
    until: (pattern) => wait(() => pattern.test(text)),
    rest: () => wait(() => false)
  }
}

/** Parses complete answers (RFC 9112 §6). Remaining bytes become an answer with status 0. */
export function parseAnswers(text: string, methods: string[] = []): Answer[] {
  const answers: Answer[] = []
  let rest = text
  while (rest !== '') {
    const head = /^HTTP\/1\.1 (\d{3}) [^\r\n]*\r\n((?:[!#$%&'*+.^_`|~\w-]+: [^\r\n]*\r\n)*)\r\n/.exec(rest)
    if (!head) return [...answers, answer(0, {}, rest)]
    const headers = Object.fromEntries(
      (head[2] as string)
        .trim()
        .split('\r\n')
        .map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 2)])
    )
    const status = Number(head[1])
    rest = rest.slice(head[0].length)
    if (status === 100) continue
    const length = methods[answers.length] === 'HEAD' ? 0 : Number(headers['content-length'])
    if (!(length <= rest.length)) return [...answers, answer(0, {}, rest)]
    answers.push(answer(status, headers, Buffer.from(rest.slice(0, length), 'latin1').toString()))
    rest = rest.slice(length)
  }
  return answers
}

/** A request as bytes: CRLF between the lines, a Host, and the connection closed after it unless told otherwise. */
export function request(line: string, headers: string[] = [], body = '', connection = 'close'): string {
  return [`${line} HTTP/1.1`, 'host: latchkey.test', `connection: ${connection}`, ...headers, '', body].join('\r\n')
}

/** A POST of JSON as bytes. */
export function post(path: string, value: unknown, headers: string[] = [], connection = 'close'): string {
  const body = JSON.stringify(value)
  const length = `content-length: ${Buffer.byteLength(body)}`
  return request(`POST ${path}`, ['content-type: application/json', length, ...headers], body, connection)
}
