import type { Socket } from 'node:net'
import pg, { type ClientBase } from 'pg'

/** How long the way to the server may take, in milliseconds. */
const TIMEOUT = 1000

/** What a connection is cancelled by, and how it reached the server; the embedded database has no key. */
interface Backend {
  host: string
  port: number
  processID?: number
  secretKey?: number
  ssl?: boolean | object
  sslNegotiation?: string
}

/** The driver's own connection, of which its types tell little. */
interface Connection extends NodeJS.EventEmitter {
  stream: Socket
  connect(portOrPath: number | string, host?: string): void
  requestSsl(): void
  cancel(processID: number, secretKey: number): void
}

/**
 * Asks the server to stop what it still does for a connection that we have given up: a statement that waits for a lock
 * would otherwise be done later, although its client was told that it was not. Nobody waits for it, and it may come late.
 * Where the connection speaks TLS, the key that it is cancelled by is sent over TLS alone, to a server that is verified
 * alike.
 */
export function cancelStatement(client: ClientBase): void {
  const { host, port, processID, secretKey, ssl, sslNegotiation } = client as unknown as Backend
  if (!processID || !secretKey) return
  const options = { ssl, sslNegotiation } as unknown as ConstructorParameters<typeof pg.Connection>[0]
  const connection = new pg.Connection(options) as unknown as Connection
  const send = () => {
    connection.cancel(processID, secretKey)
    connection.stream.end()
  }
  connection.on('error', () => connection.stream.destroy())
  connection.once('connect', () => {
    if (!ssl) send()
    else if (sslNegotiation !== 'direct') connection.requestSsl()
  })
  connection.once('sslconnect', () => connection.stream.once('secureConnect', send))
  connection.stream.setTimeout(TIMEOUT, () => connection.stream.destroy())
  if (host.startsWith('/')) connection.connect(`${host}/.s.PGSQL.${port}`)
  else connection.connect(port, host)
}
