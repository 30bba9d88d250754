import fastJson, { type Schema } from 'fast-json-stringify'
import fp from 'fastify-plugin'
import { SCHEMAS } from '../../src/schemas/shared.ts'

type Serializer = (data: unknown) => string

/** The serializer of each schema, for all applications of the process: what schemas refer to is the same in all. */
const compiled = new Map<string, Serializer>()

/**
 * Compiles the serializer of each schema once. All refusals share one schema, and so do all pages: Fastify alone would
 * compile it for each status of each route, which takes two thirds of the time to register the routes.
 */
export default fp(
  async (fastify) => {
    fastify.setSerializerCompiler(({ schema }) => {
      const shape = JSON.stringify(schema)
      const known = compiled.get(shape)
      const serializer = known ?? fastJson(schema as Schema, { schema: SCHEMAS as Record<string, Schema> })
      compiled.set(shape, serializer)
      return serializer
    })
  },
  { name: 'serializers', dependencies: ['openapi'] }
)
