import type { FastifyInstance } from 'fastify'
import app from '../app.ts'
import type { AppOptions } from '../app-options.ts'
import { Problem } from '../errors.ts'
import { describeError } from '../observability/request-log.ts'
import { bearerToken } from '../tokens/bearer.ts'
import type { Claims } from '../tokens/claims.ts'
import { type Needs, requireNeeds, requireUnderstood } from './needs.ts'
import { createUsers, type Users } from './users.ts'

/** The part of a request that tells who sent it. */
export interface Authorizable {
  headers: { authorization?: string | undefined }
}

/** The part of a reply that says what is missing. */
export interface Challenging {
  headers(headers: Record<string, string>): unknown
}

/** What the application around the plugin sees of it, as the decorator `latchkey`. */
export interface Latchkey {
  /**
   * Verifies an access token, at once if it was verified before.
   *
   * @throws an error with `statusCode` 401 and `code` TOKEN_INVALID or TOKEN_EXPIRED
   */
  verify(token: string): Claims | Promise<Claims>
  /**
   * Makes an onRequest hook for a route that needs an access token.
   *
   * @throws TypeError if the needs have an unknown key
   */
  authorize(needs?: Needs): (request: Authorizable, reply: Challenging) => Promise<void>
  /** The claims of the token of a request, behind `authorize`. */
  claims(request: Authorizable): Claims
  readonly users: Users
}

/** Where the service is in the application around it. */
interface Place {
  /** The path below which its routes are. */
  prefix: string
  /** The name of the decorator. */
  name?: string | undefined
}

/** The log says what a terminal would show. */
const NO_TERMINAL = { write: String }

/** Registers the service in a scope of its own, below a prefix, and gives the application around it one decorator. */
export function register(host: FastifyInstance, { prefix, name = 'latchkey' }: Place, given: AppOptions): void {
  let service: FastifyInstance | undefined
  let users: Users | undefined
  const verified = new WeakMap<object, Claims>()

  function started(): FastifyInstance {
    if (!service) throw new Error('latchkey has not started yet: await app.ready()')
    return service
  }

  function verify(token: string): Claims | Promise<Claims> {
    const claims = started().tokens.verify(token)
    return claims instanceof Promise ? claims.then(requireNoActor) : requireNoActor(claims)
  }

  host.decorate(name, {
    verify,
    authorize(needs = {}) {
      requireUnderstood(needs)
      return async (request, reply) => {
        try {
          const claims = await verify(bearerToken(request.headers.authorization))
          requireNeeds(claims, needs)
          verified.set(request, claims)
        } catch (error) {
          // An error handler of the application need not know of these headers (RFC 6750 §3).
          if (error instanceof Problem) reply.headers(error.headers)
          throw error
        }
      }
    },
    claims(request) {
      const claims = verified.get(request)
      if (!claims) throw new Error(`the route needs the hook ${name}.authorize()`)
      return claims
    },
    get users() {
      users ??= createUsers(started())
      return users
    }
  } satisfies Latchkey as never)

  // Not awaited: the time that it takes would count as that of this plugin.
  host.register(
    async (scope) => {
      separate(scope as unknown as FastifyInstance)
      closeConnections(scope as unknown as FastifyInstance)
      await app(scope as unknown as FastifyInstance, { ...given, insideAnother: true, terminal: NO_TERMINAL })
      scope.after(() => {
        service = scope as unknown as FastifyInstance
      })
    },
    { prefix }
  )
}

/** Somebody who acts for the user is another matter (RFC 8693 §4.1). */
function requireNoActor(claims: Claims): Claims {
  if (claims.act !== undefined) throw new Problem('TOKEN_INVALID')
  return claims
}

/** Separates a scope from what the application around it has under the names of the service. */
function separate(scope: FastifyInstance): void {
  // The serializers of the application may log all of an error, such as the row that a database refuses.
  scope.log = scope.log.child({}, { serializers: { err: describeError } })
  // That of the application would replace the serializers of the schemas.
  scope.setReplySerializer(undefined as never)
  // A decorator with a getter of its own could not be replaced by assignment.
  const decorate = scope.decorate as (this: object, name: string | symbol, value: unknown) => unknown
  scope.decorate = function (this: FastifyInstance, name: string | symbol, value: unknown) {
    if (!(name in this) || Object.hasOwn(this, name)) return decorate.call(this, name, value)
    return Object.defineProperty(this, name, { value, configurable: true, writable: true })
  } as never
}

/**
 * Closes the connection of each request that is in flight when the server closes. Otherwise a client that keeps it open
 * would keep the server open: for 72 s, by the default of Fastify. HTTP/2 has no such header.
 */
function closeConnections(scope: FastifyInstance): void {
  let isClosing = false
  scope.addHook('preClose', (done) => {
    isClosing = true
    done()
  })
  scope.addHook('onSend', (request, reply, _payload, done) => {
    if (isClosing && request.raw.httpVersionMajor === 1) reply.header('connection', 'close')
    done()
  })
}
