import { AsyncLocalStorage } from 'node:async_hooks'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { test } from 'tap'
import coalescing from '../../../plugins/transport/coalescing.ts'
import { assemble } from '../../helpers/assemble.ts'

const PATHS = ['/a', '/b', '/c']

test('what is asked at once is worked off first, and then answered in that order', async (t) => {
  const fastify = assemble(t, { plugins: [coalescing] })
  const steps: string[] = []
  for (const path of PATHS) {
    fastify.get(path, (_request, reply) => {
      steps.push(`asked ${path}`)
      reply.raw.once('prefinish', () => steps.push(`answered ${path}`))
      reply.send(path)
    })
  }
  const inTurn = [...PATHS.map((path) => `asked ${path}`), ...PATHS.map((path) => `answered ${path}`)]
  for (const round of ['once', 'and once more']) {
    const answers = await Promise.all(PATHS.map((path) => fastify.inject(path)))
    t.strictSame(
      answers.map(({ statusCode, body }) => [statusCode, body]),
      PATHS.map((path) => [200, path])
    )
    t.strictSame(steps.splice(0), inTurn, round)
  }
})

test('what cannot be sent is a fault of its own, and hinders no other answer', async (t) => {
  const fastify = assemble(t, { plugins: [coalescing] })
  fastify.get('/right', () => 'right')
  fastify.get('/wrong', (_request, reply) => reply.type('text/plain').send({ no: 'text' }))
  const answers = await Promise.all(['/wrong', '/right'].map((path) => fastify.inject(path)))
  t.strictSame(
    answers.map(({ statusCode }) => statusCode),
    [500, 200]
  )
})

test('each answer is finished in the context of its own request', async (t) => {
  const contexts = new AsyncLocalStorage<string>()
  const fastify = assemble(t, { plugins: [coalescing] })
  fastify.after(() => {
    fastify.addHook('onSend', (_request: FastifyRequest, reply: FastifyReply, _payload, done) => {
      reply.header('x-context', contexts.getStore())
      done()
    })
    for (const path of PATHS) fastify.get(path, (_request, reply) => contexts.run(path, () => reply.send('')))
  })
  const answers = await Promise.all(PATHS.map((path) => fastify.inject(path)))
  t.strictSame(
    answers.map(({ headers }) => headers['x-context']),
    PATHS
  )
})
