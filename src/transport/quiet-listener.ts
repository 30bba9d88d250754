import type { Server } from 'node:net'
import { setImmediate } from 'node:timers/promises'

/**
 * Waits for a turn of the event loop in which nobody connects to the server. The loop (libuv since 1.45) takes one
 * connection in a turn, however many wait: after such a turn none does.
 *
 * @param timeout for how long at most, in milliseconds
 */
export async function untilQuiet(server: Server, timeout: number): Promise<void> {
  const end = performance.now() + timeout
  let came = true
  const note = () => {
    came = true
  }
  server.on('connection', note)
  await setImmediate()
  while (came && performance.now() < end) {
    came = false
    await setImmediate()
  }
  server.off('connection', note)
}
