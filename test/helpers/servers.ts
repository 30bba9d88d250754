import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { TLSSocket, type TlsOptions } from 'node:tls'
import type { PGlite } from '@electric-sql/pglite'
import type { Test } from 'tap'

/** A port on which nobody listens. */
/** A port on which nobody listens, and which no test is given: that of tcpmux, for which it takes root. */
export const CLOSED_PORT = 1

/** A message of the PostgreSQL protocol; the first of a connection, the start-up message, has no type. */
export interface Message {
  type: string
  /** The SQL of a simple query; otherwise bytes as text. */
  text: string
  bytes: Buffer
}

/** What a hand-written server does with a message. */
export type Talk = (socket: Socket, message: Message, connection: number) => void

/**
 * A server that speaks just enough of PostgreSQL to misbehave.
 *
 * @returns the URL of its database
 */
export async function handwrittenServer(t: Test, talk: Talk): Promise<string> {
  let connections = 0
  const port = await listen(t, (socket) => {
    const connection = ++connections
    let unread: Buffer = Buffer.alloc(0)
    let started = false
    socket.on('data', (chunk) => {
      unread = Buffer.concat([unread, chunk])
      for (;;) {
        const prefix = started ? 1 : 0
        if (unread.length < prefix + 4) return
        const end = prefix + unread.readInt32BE(prefix)
        if (unread.length < end) return
        const bytes = unread.subarray(0, end)
        unread = unread.subarray(end)
        const type = started ? String.fromCharCode(bytes[0] as number) : ''
        started = true
        talk(socket, { type, text: bytes.toString('utf8', prefix + 4, end - 1), bytes }, connection)
      }
    })
  })
  return `postgres://ada:the-secret-password@127.0.0.1:${port}/latchkey`
}

/** A server that accepts connections and never says a word. */
export const silentServer = (t: Test) => handwrittenServer(t, () => {})

/** A server that answers every connection with one error, then closes it. */
export const refusingServer = (t: Test, code: string, message: string) =>
  handwrittenServer(t, (socket) => socket.end(turnedAway(code, message)))

/** What asks a server for TLS (PostgreSQL, Message Formats). */
export const SSL_REQUEST = '0000000804d2162f'

/** What a client has sent on one connection, in hexadecimal. */
export interface Sent {
  clear: string
  encrypted: string
}

/**
 * A server that speaks TLS to those who ask for it, and never answers them anything.
 *
 * @returns its port, and what each connection brought by its end
 */
export async function tlsServer(t: Test, certificate: TlsOptions) {
  const ended: Promise<Sent>[] = []
  const port = await listen(t, (socket) => {
    const [clear, encrypted]: [Buffer[], Buffer[]] = [[], []]
    const hex = (chunks: Buffer[]) => Buffer.concat(chunks).toString('hex')
    const end = new Promise<Sent>((resolve) => {
      socket.once('close', () => resolve({ clear: hex(clear), encrypted: hex(encrypted) }))
    })
    ended.push(end)
    socket.once('data', (bytes) => {
      clear.push(bytes)
      if (hex(clear) !== SSL_REQUEST) return
      socket.write('S')
      const secure = new TLSSocket(socket, { isServer: true, ...certificate })
      secure.on('error', () => socket.destroy()).on('end', () => socket.destroy())
      secure.on('data', (more) => encrypted.push(more))
    })
  })
  return { port, ended }
}

/** An embedded database behind a port, for one connection at a time. */
export function serverOver(t: Test, pglite: PGlite): Promise<string> {
  let last: Promise<unknown> = Promise.resolve()
  return handwrittenServer(t, (socket, { type, bytes }) => {
    if (type === '') socket.write(welcome)
    else if (type !== 'X') last = last.then(async () => socket.write(await pglite.execProtocolRaw(bytes)))
  })
}

export interface Proxy {
  url: string
  /** Ends every connection through it. */
  cut(): void
}

/**
 * A way to a server that can be cut.
 *
 * @param first sent to the first connection in place of anything of the server's
 */
export async function proxyTo(t: Test, url: string, first?: Buffer): Promise<Proxy> {
  let greeting = first
  const { hostname, port } = new URL(url)
  const sockets = new Set<Socket>()
  const own = await listen(t, (socket) => {
    if (greeting) {
      socket.end(greeting)
      greeting = undefined
      return
    }
    const upstream = connect(Number(port), hostname)
    for (const each of [socket, upstream]) {
      sockets.add(each)
      each.on('error', () => {})
      each.once('close', () => {
        sockets.delete(each)
        socket.destroy()
        upstream.destroy()
      })
    }
    socket.pipe(upstream).pipe(socket)
  })
  return {
    url: Object.assign(new URL(url), { hostname: '127.0.0.1', port: String(own) }).href,
    cut() {
      for (const socket of sockets) socket.destroy()
    }
  }
}

async function listen(t: Test, serve: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>()
  const server: Server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.once('close', () => sockets.delete(socket))
    serve(socket)
  }).listen(0, '127.0.0.1')
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

function message(type: string, body: Buffer): Buffer {
  const head = Buffer.alloc(5)
  head.write(type)
  head.writeInt32BE(body.length + 4, 1)
  return Buffer.concat([head, body])
}

const readyForQuery = message('Z', Buffer.from('I'))

/** Lets a client in: AuthenticationOk and ReadyForQuery. */
export const welcome = Buffer.concat([message('R', Buffer.alloc(4)), readyForQuery])

/** The answer to a simple query that has no rows; the tag is what it did. */
export const completed = (tag: string) => Buffer.concat([message('C', Buffer.from(`${tag}\0`)), readyForQuery])

/** The answer to a simple query that is refused. */
export const refused = (code: string, text: string) =>
  Buffer.concat([errorResponse('ERROR', code, text), readyForQuery])

/** What a client hears that is not let in. */
export const turnedAway = (code: string, text: string) => errorResponse('FATAL', code, text)

function errorResponse(severity: string, code: string, text: string): Buffer {
  return message('E', Buffer.from(`S${severity}\0V${severity}\0C${code}\0M${text}\0\0`))
}
