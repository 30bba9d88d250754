import { connect } from 'node:net'
import type { ClientBase } from 'pg'

/** The code of a CancelRequest (PostgreSQL, Frontend/Backend Protocol: message formats). */
const CANCEL_REQUEST = 80877102

/** How long the way to the server may take, in milliseconds. */
const PATIENCE = 1000

/** What a connection is cancelled by; the embedded database has none. */
interface Backend {
  host: string
  port: number
  processID?: number
  secretKey?: number
}

/**
 * Asks the server to stop what it still does for a connection that we have given up: a statement that waits for a lock
 * would otherwise be done later, although its client was told that it was not. Nobody waits for it, and it may come late.
 */
export function cancelStatement(client: ClientBase): void {
  const { host, port, processID, secretKey } = client as unknown as Backend
  if (!processID || !secretKey) return
  const request = Buffer.alloc(16)
  for (const [index, value] of [request.length, CANCEL_REQUEST, processID, secretKey].entries()) {
    request.writeInt32BE(value, index * 4)
  }
  const socket = host.startsWith('/') ? connect(`${host}/.s.PGSQL.${port}`) : connect(port, host)
  socket.setTimeout(PATIENCE, () => socket.destroy()).on('error', () => {})
  socket.end(request)
}
