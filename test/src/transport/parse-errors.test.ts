import { Writable } from 'node:stream'
import Fastify, { type FastifyInstance } from 'fastify'
import { type Test, test } from 'tap'
import { commonHeaders } from '../../../src/transport/raw-response.ts'
import { serverOptions } from '../../../src/transport/server-options.ts'
import { answer, refusal } from '../../helpers/app.ts'

/** A server with the production options whose log is kept. */
function server(t: Test, level = 'info'): { fastify: FastifyInstance; log: Record<string, unknown>[] } {
  const log: Record<string, unknown>[] = []
  const stream = new Writable({
    write(chunk, _encoding, done) {
      log.push(JSON.parse(String(chunk)))
      done()
    }
  })
  const fastify = Fastify({ ...serverOptions, logger: { ...serverOptions.logger, level, stream } })
  t.teardown(() => fastify.close())
  return { fastify: fastify as unknown as FastifyInstance, log }
}

test('a URL that cannot be read is refused with the one error body and the common headers', async (t) => {
  const { fastify } = server(t)
  fastify.get('/:name', async () => ({}))
  const response = await fastify.inject({ url: '/%', headers: { 'x-request-id': 'trace-4711' } })
  t.strictSame(answer(response), {
    statusCode: 400,
    body: refusal(400, 'Bad Request', 'MALFORMED_REQUEST', 'The URL could not be read.')
  })
  t.match(response.headers, commonHeaders('trace-4711'))
})
