import fastJson, { type Schema } from 'fast-json-stringify'
import fp from 'fastify-plugin'

type Serializer = (data: unknown) => string

/**
 * Compiles the serializer of a shared shape once. A refusal has one body at each status of each route: compiled for each
 * of them, refusals took more than half of what the routes need at a start.
 */
export default fp(
  async (fastify) => {
    const shared = new Map<string, Serializer>()

    fastify.setSerializerCompiler(({ schema }) => {
      const { $ref } = schema as { $ref?: string }
      const known = $ref === undefined ? undefined : shared.get($ref)
      const serializer = known ?? fastJson(schema as Schema, { schema: fastify.getSchemas() as Record<string, Schema> })
      if ($ref !== undefined) shared.set($ref, serializer)
      return serializer
    })
  },
  { name: 'serializers', dependencies: ['openapi'] }
)
