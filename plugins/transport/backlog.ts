import type { Socket } from 'node:net'
import fp from 'fastify-plugin'
import { untilNobodyComes } from '../../src/transport/quiet-listener.ts'

/** How many connections make a crowd. */
const CROWD = 8

/** How long the connections of a crowd are taken before what they ask is worked off, in milliseconds. */
const PATIENCE = 50

/**
 * Connections are taken before what they ask is worked off. The event loop takes one in a turn, however many wait: if it
 * did the work of the first meanwhile, which makes its turns long, the last of many that come at once would wait for the
 * work of nearly all. So what is asked first on a connection of a crowd waits until a turn goes by in which nobody comes.
 */
export default fp(
  async (fastify) => {
    const newcomers = new WeakSet<Socket>()
    let crowd = 0
    let quiet: Promise<void> | undefined

    fastify.server.on('connection', (socket: Socket) => {
      newcomers.add(socket)
      crowd += 1
      quiet ??= untilNobodyComes(fastify.server, PATIENCE).then(() => {
        crowd = 0
        quiet = undefined
      })
    })
    fastify.addHook('onRequest', (request, _reply, done) => {
      if (newcomers.delete(request.raw.socket) && quiet && crowd >= CROWD) quiet.then(() => done())
      else done()
    })
  },
  { name: 'backlog' }
)
