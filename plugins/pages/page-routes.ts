import { type Static, type TObject, Type } from '@sinclair/typebox'
import type {
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
  preHandlerHookHandler,
  preValidationHookHandler
} from 'fastify'
import fp from 'fastify-plugin'
import { type Code, Problem } from '../../src/errors.ts'
import { parseForm } from '../../src/http/form-body.ts'
import { isOwnForm, ownOrigins } from '../../src/http/own-origin.ts'
import type { Html } from '../../src/pages/html.ts'
import { BODY, refusals } from '../../src/schemas/answers.ts'

/** A page with a form. Looking at it changes nothing; sending the form does what a route of the API does. */
export interface PageRoutes<Body extends TObject> {
  /** The last part of its path. */
  name: string
  operationId: string
  title: string
  description: string
  body: Body
  /** The codes that it may be refused with, beside those of any form. */
  codes: Code[]
  preValidation?: preValidationHookHandler | preValidationHookHandler[]
  preHandler: preHandlerHookHandler | preHandlerHookHandler[]
  /** The page, for the token of its address, where that has one. */
  show(request: FastifyRequest, token: string | undefined): Promise<Html>
  /** Does it, and gives the page that says so. */
  act(request: FastifyRequest, body: Static<Body>, reply: FastifyReply): Promise<Html>
  /** The page that says why not. */
  refuse(problem: Problem, request: FastifyRequest): Html
}

declare module 'fastify' {
  interface FastifyInstance {
    /** Adds a page to a scope of its own; none where a frontend has the pages, or no mail can be sent. */
    pageRoutes<Body extends TObject>(scope: FastifyInstance, page: PageRoutes<Body>): void
  }
  interface FastifyContextConfig {
    /** What a refusal is answered with where people see it, in place of the one error body. */
    pageOf?: (problem: Problem, request: FastifyRequest, reply: FastifyReply) => string
  }
}

const FORM = 'application/x-www-form-urlencoded'

const HTML = { 'text/html': { schema: Type.String() } }

/** Mail services add parameters of their own to a link, so that nothing else in it is looked at. */
const Query = Type.Object(
  { token: Type.Optional(Type.Unsafe<unknown>({ description: 'the token of the link', examples: ['x'.repeat(43)] })) },
  { additionalProperties: true }
)

/** What a token looks like; of one that does not, a part is missing, or it is there twice. */
const TOKEN = /^[\w-]{43}$/

export default fp(
  async (fastify) => {
    const { config, mailer } = fastify
    const origins = ownOrigins(config.PUBLIC_URL)

    async function requireOwnForm({ headers }: FastifyRequest): Promise<void> {
      if (!isOwnForm(headers, origins)) throw new Problem('FORBIDDEN')
    }

    function add<Body extends TObject>(scope: FastifyInstance, given: PageRoutes<Body>): void {
      if (config.APP_URL !== undefined || !mailer) return
      const { name, operationId, title, description, body, codes, preValidation = [], preHandler } = given
      const pageOf = (problem: Problem, request: FastifyRequest, reply: FastifyReply) =>
        reply.page(title, given.refuse(problem, request), { failed: true })

      scope.addContentTypeParser(FORM, { parseAs: 'buffer' }, async (_request: unknown, bytes: Buffer) => {
        // A field that was left empty was not filled in.
        return Object.fromEntries(Object.entries(parseForm(bytes)).filter(([, value]) => value !== ''))
      })

      const common = { summary: title, tags: ['mail'], description }
      scope.get<{ Querystring: Static<typeof Query> }>(
        `/${name}`,
        {
          schema: {
            ...common,
            operationId: `${operationId}Page`,
            querystring: Query,
            response: {
              200: { description: 'The page.', content: HTML },
              ...asPages(refusals('DATABASE_UNAVAILABLE'))
            }
          },
          config: { pageOf }
        },
        async (request, reply) => {
          const { token } = request.query
          const isToken = typeof token === 'string' && TOKEN.test(token)
          return reply.page(title, await given.show(request, isToken ? token : undefined))
        }
      )

      scope.post<{ Body: Static<Body> }>(
        `/${name}`,
        {
          schema: {
            ...common,
            operationId: `${operationId}Form`,
            querystring: Type.Object({}, { additionalProperties: false }),
            consumes: [FORM],
            body,
            response: {
              200: { description: 'What has happened.', content: HTML },
              ...asPages(refusals(...BODY, ...codes, 'FORBIDDEN', 'DATABASE_UNAVAILABLE'))
            }
          },
          onRequest: requireOwnForm,
          preValidation,
          preHandler,
          config: { pageOf }
        },
        async (request, reply) => {
          const done = await given.act(request, request.body as Static<Body>, reply)
          return reply.page(title, done)
        }
      )
    }

    fastify.decorate('pageRoutes', add)
  },
  { name: 'page-routes', dependencies: ['config', 'mailer', 'pages'] }
)

/** Refusals that are shown to people; what the transport refuses has the one error body all the same. */
function asPages(responses: ReturnType<typeof refusals>) {
  return Object.fromEntries(
    Object.entries(responses).map(([status, { content, ...response }]) => [
      status,
      { ...response, content: { ...content, ...HTML } }
    ])
  )
}
