import fastJson, { type Schema } from 'fast-json-stringify'
import fp from 'fastify-plugin'

type Serializer = (data: unknown) => string

/**
 * Compiles the serializer of each shape once. A refusal has one body at each status of each route, and so has a page:
 * compiled for each of them, these took two thirds of what the routes need at a start.
 */
export default fp(
  async (fastify) => {
    const compiled = new Map<string, Serializer>()

    fastify.setSerializerCompiler(({ schema }) => {
      const shape = JSON.stringify(schema)
      const known = compiled.get(shape)
      const serializer = known ?? fastJson(schema as Schema, { schema: fastify.getSchemas() as Record<string, Schema> })
      compiled.set(shape, serializer)
      return serializer
    })
  },
  { name: 'serializers', dependencies: ['openapi'] }
)
