import type { Socket } from 'node:net'
import pg, { type ClientBase } from 'pg'

/** Timeout of the cancel connection, in milliseconds. */
const TIMEOUT = 1000

/** The cancellation key of a connection, and the address of its server. The embedded database has no key. */
interface Backend {
  host: string
  port: number
  processID?: number
  secretKey?: number
  ssl?: boolean | object
  sslNegotiation?: string
}

/** The driver's connection class, which its types omit. */
interface Connection extends NodeJS.EventEmitter {
  stream: Socket
  connect(portOrPath: number | string, host?: string): void
  requestSsl(): void
  cancel(processID: number, secretKey: number): void
}

/**
 * Sends a CancelRequest for a statement that has timed out (PostgreSQL protocol, "Canceling Requests in Progress").
 * Otherwise a statement that waits for a lock could still succeed after its client was told that it failed. It is best
 * effort, and does not wait for the outcome. If the connection uses TLS, so does the request, with the same
 * verification.
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
