import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import { requireLocal } from '../src/http/loopback.ts'
import { Nothing, refusals } from '../src/schemas/answers.ts'
import { requireKey } from '../src/tokens/bearer.ts'

const schema = {
  operationId: 'metrics',
  summary: 'Metrics for Prometheus',
  description: `Requires METRICS_KEY, if it is set, or a service key with the scope \`metrics\`. Clients on the same machine
that do not use a proxy need neither if METRICS_KEY is not set.`,
  tags: ['service'],
  security: [{ metrics: [] }, {}],
  querystring: Nothing,
  response: {
    200: { description: 'The metrics.', content: { 'text/plain': { schema: Type.String() } } },
    ...refusals('TOKEN_MISSING', 'TOKEN_INVALID', 'FORBIDDEN', 'NOT_FOUND', 'TOO_MANY_REQUESTS', 'DATABASE_UNAVAILABLE')
  }
}

const metrics: FastifyPluginAsyncTypebox = async (fastify) => {
  // An application that owns the server has its own metrics.
  if (!fastify.hasDecorator('metrics')) return
  const { config, metrics } = fastify
  const { METRICS_KEY } = config

  const onRequest = async (request: FastifyRequest) => {
    if (await fastify.serviceKeys.authorize(request, 'metrics')) return
    if (METRICS_KEY === undefined) await requireLocal(request)
    else requireKey(request.headers.authorization, METRICS_KEY)
  }

  fastify.get('/metrics', { schema, config: { vital: true }, onRequest }, async (_request, reply) => {
    reply.type(metrics.contentType)
    return metrics.metrics()
  })
}

export default metrics
