import type { Socket } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import fp from 'fastify-plugin'

/** How long new connections are taken before what they ask is worked off, in milliseconds. */
const PATIENCE = 50

/**
 * Connections are taken before what they ask is worked off. The event loop takes one in a turn, however many wait: if
 * it did the work of the first meanwhile, which makes its turns long, the last of many that come at once would wait for
 * the work of nearly all. So what is asked first on a connection waits until a turn goes by in which nobody comes: for
 * one who comes alone that is the next.
 */
export default fp(
  async (fastify) => {
    const { clock } = fastify
    const newcomers = new WeakSet<Socket>()
    let someoneCame = false
    let quiet: Promise<void> | undefined

    async function untilNobodyComes(): Promise<void> {
      const end = clock.now() + PATIENCE
      await setImmediate()
      do {
        someoneCame = false
        await setImmediate()
      } while (someoneCame && clock.now() < end)
      quiet = undefined
    }

    fastify.server.on('connection', (socket: Socket) => {
      newcomers.add(socket)
      someoneCame = true
      quiet ??= untilNobodyComes()
    })
    fastify.addHook('onRequest', (request, _reply, done) => {
      if (newcomers.delete(request.raw.socket) && quiet) quiet.then(() => done())
      else done()
    })
  },
  { name: 'backlog', dependencies: ['clock'] }
)
