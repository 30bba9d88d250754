import type { Socket } from 'node:net'
import fp from 'fastify-plugin'
import { untilQuiet } from '../../src/transport/quiet-listener.ts'

/** The number of connections in a row that make a burst. */
const BURST = 8

/** The longest wait of a request, in milliseconds. */
const TIMEOUT = 50

/**
 * During a burst of connections, the first request of each waits until the accept queue is empty. The event loop accepts
 * one connection a turn, however many wait: without this, the last connections of a burst wait for the work of nearly all
 * requests before them, and the p99 of 200 connections at once is 1.3 times as long (bench/README.md).
 */
export default fp(
  async (fastify) => {
    const newConnections = new WeakSet<Socket>()
    let burst = 0
    let quiet: Promise<void> | undefined

    fastify.server.on('connection', (socket: Socket) => {
      newConnections.add(socket)
      burst += 1
      quiet ??= untilQuiet(fastify.server, TIMEOUT).then(() => {
        burst = 0
        quiet = undefined
      })
    })
    fastify.addHook('onRequest', (request, _reply, done) => {
      if (newConnections.delete(request.raw.socket) && quiet && burst >= BURST) quiet.then(() => done())
      else done()
    })
  },
  { name: 'admission' }
)
