/** A minimal route of Fastify, without a token or database. Reports its port, and exits with its parent. */
import Fastify from 'fastify'

const fastify = Fastify()
const schema = { response: { 200: { type: 'object', properties: { message: { type: 'string' } } } } }
fastify.get('/secret', { schema }, async () => ({ message: 'Hello, this is no secret.' }))
await fastify.listen({ port: 0, host: '127.0.0.1' })
process.send?.(/** @type {import('node:net').AddressInfo} */ (fastify.server.address()).port)
process.once('disconnect', () => process.exit())
