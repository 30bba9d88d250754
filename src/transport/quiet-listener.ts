import type { Server } from 'node:net'
import { setImmediate } from 'node:timers/promises'

/**
 * Resolves when the accept queue of a server is empty: after an iteration of the event loop without a new connection.
 * libuv (since 1.45) accepts one connection in each iteration.
 *
 * @param timeout the maximum wait, in milliseconds
 */
export async function untilQuiet(server: Server, timeout: number): Promise<void> {
  const end = performance.now() + timeout
  let accepted = true
  const onConnection = () => {
    accepted = true
  }
  server.on('connection', onConnection)
  await setImmediate()
  while (accepted && performance.now() < end) {
    accepted = false
    await setImmediate()
  }
  server.off('connection', onConnection)
}
