import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { AppOptions } from '../../src/app-options.ts'

/** What decorators need to know. */
interface Surroundings {
  insideAnother: AppOptions['insideAnother'] | undefined
}

/** A property of requests or replies: a value, which may be a method, or what is computed when it is read. */
type Property<Owner> = { value: unknown } | { get(owner: Owner): unknown }

/**
 * Decorates the requests of this scope. Inside another application, which may have a decorator of the same name or set such
 * a property in its hooks, each request that reaches this scope gets a property of its own instead.
 */
export function decorateRequest(
  fastify: FastifyInstance,
  { insideAnother }: Surroundings,
  name: string,
  property: Property<FastifyRequest>
): void {
  if (!insideAnother) {
    fastify.decorateRequest(name, 'get' in property ? { getter: getterOf(property.get) } : property.value)
    return
  }
  fastify.addHook('onRequest', (request, _reply, done) => {
    Object.defineProperty(request, name, ownOf(property))
    done()
  })
}

/** Decorates the replies of this scope, likewise. */
export function decorateReply(
  fastify: FastifyInstance,
  { insideAnother }: Surroundings,
  name: string,
  property: Property<FastifyReply>
): void {
  if (!insideAnother) {
    fastify.decorateReply(name, 'get' in property ? { getter: getterOf(property.get) } : property.value)
    return
  }
  fastify.addHook('onRequest', (_request, reply, done) => {
    Object.defineProperty(reply, name, ownOf(property))
    done()
  })
}

function getterOf<Owner>(get: (owner: Owner) => unknown) {
  return function (this: Owner) {
    return get(this)
  }
}

const ownOf = (property: Property<never>): PropertyDescriptor =>
  'get' in property
    ? { configurable: true, get: getterOf(property.get) }
    : { configurable: true, writable: true, ...property }
