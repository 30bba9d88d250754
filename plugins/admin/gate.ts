import type { FastifyRequest, onRequestAsyncHookHandler } from 'fastify'
import fp from 'fastify-plugin'
import { type Operator, operatorOf, type Scope, scopeChallenge } from '../../src/admin/scopes.ts'
import type { AppOptions } from '../../src/app-options.ts'
import { REFUSALS_EVERY, type RefusedChange } from '../../src/audit/refusals.ts'
import { Problem } from '../../src/errors.ts'
import { createRecentlySeen } from '../../src/limits/recently-seen.ts'
import { bearerToken } from '../../src/tokens/bearer.ts'
import { decorateRequest } from '../http/own-property.ts'

/** What a route of the admin API asks of its caller. */
export interface Needs {
  /** One of these scopes; of an account, the role `admin`, or `support` if it has one of them. Only `admin` if there is none. */
  scopes?: readonly Scope[]
  /** Whether an account needs a fresh access token. */
  fresh?: boolean
}

/** Why a request is refused, in its record. */
type Reason = 'no role' | 'missing scope' | 'other client' | 'from a browser' | RefusedChange

/** Decides who may call `/admin/…`: by the database with each request, never by what a token says. */
export interface AdminGate {
  /** Makes the onRequest hook of a route, which sets `request.operator`. */
  require(needs: Needs): onRequestAsyncHookHandler
  /**
   * Requires a fresh access token, if the operator is an account, for what only the body tells.
   *
   * @throws Problem STEP_UP_REQUIRED
   */
  requireFresh(request: FastifyRequest): Promise<void>
  /**
   * Requires a scope, for what only the body tells.
   *
   * @throws Problem FORBIDDEN
   */
  requireScope(request: FastifyRequest, scope: Scope): void
  /** Records the refusal of a change of an account, once a minute for each operator and route. */
  recordRefusal(request: FastifyRequest, reason: Reason): void
}

declare module 'fastify' {
  interface FastifyInstance {
    adminGate: AdminGate
  }
  interface FastifyRequest {
    /** Who calls the admin API, behind `adminGate.require`. */
    operator: Operator
  }
}

export default fp<AppOptions>(
  async (fastify, { insideAnother }) => {
    const { audit, clientAddress, clock, config, factors, limits, serviceKeys, tokens } = fastify
    const countWrong = limits.byAddress('admin')
    const isFirst = createRecentlySeen(clock.now, REFUSALS_EVERY)

    decorateRequest(fastify, { insideAnother }, 'operator', { value: undefined })

    /**
     * Authenticates a session. Wrong tokens are counted by address. One that this service has signed is none of them,
     * although its session has ended or it has expired: others at the same address must not hide what is wrong with it.
     */
    async function authenticateSession(request: FastifyRequest): Promise<void> {
      try {
        await tokens.verify(bearerToken(request.headers.authorization))
      } catch (error) {
        if (error instanceof Problem && error.code === 'TOKEN_INVALID') await countWrong(request)
        throw error
      }
      await tokens.authenticateSession(request)
    }

    function record(request: FastifyRequest, { id, actor }: Caller, reason: Reason, target?: string): void {
      const route = `${request.method} ${request.routeOptions.url}`
      if (!isFirst(JSON.stringify([id, route]))) return
      const subject = actor === 'client' ? { account: id, session: request.user.sid } : { account: target }
      const from = { address: clientAddress(request.raw), requestId: request.id }
      audit.record(actor, 'admin refused', { ...subject, ...from, detail: { reason, by: id, route } })
    }

    function forbid(request: FastifyRequest, caller: Caller, reason: Reason, scope?: Scope): Problem {
      record(request, caller, reason)
      return new Problem('FORBIDDEN', { headers: { 'www-authenticate': scopeChallenge(scope) } })
    }

    async function authenticateAccount(request: FastifyRequest): Promise<Operator> {
      await authenticateSession(request)
      const { account, user } = request
      await limits.byOperator(request, account.id)
      const client: Caller = { id: account.id, actor: 'client' }
      // Access tokens of versions before `client_id` have none: no other client could get one then. A token lives for
      // ACCESS_TOKEN_TTL, and nobody else signs with our keys.
      const isOurs = user.client_id === undefined || user.client_id === config.PUBLIC_URL
      if (!isOurs || user.act !== undefined) throw forbid(request, client, 'other client')
      const operator = operatorOf(account)
      if (!operator) throw forbid(request, client, 'no role')
      if (config.ADMIN_MFA === 'on') await factors.requireAal2(request)
      return operator
    }

    /** Undefined if the request brings no service key. */
    async function authenticateKey(request: FastifyRequest): Promise<Operator | undefined> {
      const found = await serviceKeys.authenticate(request)
      if (!found) return undefined
      const key: Operator = { id: found.id, actor: 'key', isAdmin: false, scopes: found.scopes as Scope[] }
      await limits.byOperator(request, key.id)
      if (serviceKeys.isFromBrowser(request)) throw forbid(request, key, 'from a browser')
      return key
    }

    async function requireFresh(request: FastifyRequest): Promise<void> {
      if (request.operator.actor === 'admin') await factors.requireFresh(request)
    }

    function requireOneOf(request: FastifyRequest, scopes: readonly Scope[]): void {
      const { operator } = request
      if (operator.isAdmin || scopes.some((scope) => operator.scopes.includes(scope))) return
      throw forbid(request, operator, 'missing scope', operator.actor === 'key' ? scopes[0] : undefined)
    }

    fastify.decorate('adminGate', {
      require({ scopes = [], fresh = false }) {
        return async (request) => {
          request.operator = (await authenticateKey(request)) ?? (await authenticateAccount(request))
          requireOneOf(request, scopes)
          if (fresh) await requireFresh(request)
        }
      },
      requireFresh,
      requireScope: (request, scope) => requireOneOf(request, [scope]),
      recordRefusal(request, reason) {
        const { id } = request.params as { id?: string }
        record(request, request.operator, reason, id)
      }
    } satisfies AdminGate)
  },
  {
    name: 'admin-gate',
    dependencies: [
      'audit',
      'client-address',
      'clock',
      'config',
      'database',
      'factors',
      'limits',
      'service-keys',
      'tokens'
    ]
  }
)

/** Who is refused: an account without a role is a client. */
interface Caller {
  id: string
  actor: Operator['actor'] | 'client'
}
