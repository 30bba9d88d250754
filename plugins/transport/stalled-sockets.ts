import type { Socket } from 'node:net'
import fp from 'fastify-plugin'
import type { AppOptions } from '../../src/app-options.ts'
import { periodic } from '../../src/concurrency/periodic.ts'
import { createStalledSockets } from '../../src/transport/stalled-sockets.ts'

/** The interval between two checks of all sockets, in milliseconds. */
const INTERVAL = 1_000

/** The number of checks for which a client may read nothing of its response. */
const LIMIT = 30

/** Disconnects clients that do not read their responses, which would hold connections and memory forever. */
export default fp<AppOptions>(
  async (fastify, { timers }) => {
    const sockets = createStalledSockets(LIMIT)
    fastify.server.on('connection', (socket: Socket) => sockets.watch(socket))

    const job = periodic({
      interval: INTERVAL,
      async work() {
        for (const socket of sockets.check()) {
          fastify.log.info({ waiting: socket.writableLength }, 'disconnected a client that does not read its answer')
          socket.destroy()
        }
      },
      failed: fastify.log.error.bind(fastify.log),
      timers
    })
    fastify.addHook('onClose', job.stop)
  },
  { name: 'stalled-sockets' }
)
