import { Writable } from 'node:stream'
import Fastify, { type FastifyInstance } from 'fastify'
import { type Test, test } from 'tap'
import { Problem } from '../../../src/errors.ts'
import { serverOptions } from '../../../src/transport/server-options.ts'

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

/** A line of the log without what differs each time. */
const line = ({
  time: _time,
  pid: _pid,
  hostname: _hostname,
  responseTime: _duration,
  ...rest
}: Record<string, unknown>) => rest

test('the log shows of an error what it is and what caused it, and none of its other fields', (t) => {
  const describe = serverOptions.logger.serializers.err
  const row = Object.assign(new TypeError('duplicate key'), { code: '23505', detail: 'Key (email)=(ada@example.com)' })
  const problem = new Problem('INTERNAL', { cause: row, headers: { authorization: 'Bearer x' } })
  const { stack: rowStack } = row
  t.strictSame(describe(problem), {
    type: 'Problem',
    code: 'INTERNAL',
    message: 'Something went wrong on our side.',
    stack: problem.stack,
    cause: { type: 'TypeError', code: '23505', message: 'duplicate key', stack: rowStack }
  })

  const bare = new Error('bare', { cause: 'a row' })
  delete bare.stack
  t.strictSame(describe(bare), { type: 'Error', code: undefined, message: 'bare', stack: '' })
  t.end()
})

test('a request leaves one line in the log, without its URL, headers or body', async (t) => {
  const { fastify, log } = server(t)
  fastify.post('/users/:id', async () => ({}))
  await fastify.inject({
    method: 'POST',
    url: '/users/hunter1?token=hunter2',
    headers: { 'x-request-id': 'trace-4711', authorization: 'Bearer hunter3' },
    payload: { password: 'hunter4' }
  })
  t.strictSame(log.map(line), [
    { level: 30, reqId: 'trace-4711', method: 'POST', route: '/users/:id', statusCode: 200, msg: 'request completed' }
  ])
  t.type(log[0]?.responseTime, 'number')
})

test('a line of the log is dated in milliseconds since the epoch', async (t) => {
  const { fastify, log } = server(t)
  const before = Date.now()
  await fastify.inject('/')
  const { time } = log[0] as { time: number }
  t.ok(time >= before && time <= Date.now(), `${time}`)
})

test('a log for warnings alone has no line for a request', async (t) => {
  const { fastify, log } = server(t, 'warn')
  fastify.get('/', async () => ({}))
  await fastify.inject('/')
  t.strictSame(log, [])
})

test('logs an aborted request, and a response that could not be written', async (t) => {
  const { fastify, log } = server(t)
  const error = new Error('aborted')
  const err = { type: 'Error', message: 'aborted', stack: error.stack }
  fastify.get('/', async (request, reply) => {
    serverOptions.logController.requestCompleted(error, request, reply)
    serverOptions.logController.writeHeadError(error, request)
    return {}
  })
  await fastify.inject({ url: '/', headers: { 'x-request-id': 'trace-4711' } })
  t.strictSame(log.slice(0, 2).map(line), [
    { level: 30, reqId: 'trace-4711', method: 'GET', route: '/', statusCode: 200, err, msg: 'request aborted' },
    { level: 40, reqId: 'trace-4711', err, msg: 'the response could not be written' }
  ])
})
