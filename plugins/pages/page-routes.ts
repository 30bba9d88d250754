import { type Static, type TObject, Type } from '@sinclair/typebox'
import type {
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
  preHandlerHookHandler,
  preValidationHookHandler
} from 'fastify'
import { type Code, Problem } from '../../src/errors.ts'
import { parseForm } from '../../src/http/form-body.ts'
import { isOwnForm, ownOrigins } from '../../src/http/own-origin.ts'
import type { Html } from '../../src/pages/html.ts'
import { BODY, refusals } from '../../src/schemas/answers.ts'
import type { RenderPage } from './render-page.ts'

/** A page with a form. GET changes nothing; POST does what a route of the API does. */
export interface PageRoutes<Body extends TObject> {
  /** The last part of its path. */
  name: string
  operationId: string
  title: string
  description: string
  body: Body
  /** The codes of its refusals, in addition to those of every form. */
  codes: Code[]
  preValidation?: preValidationHookHandler | preValidationHookHandler[]
  preHandler: preHandlerHookHandler | preHandlerHookHandler[]
  /** Renders the page for the token in its URL, if there is one. */
  show(request: FastifyRequest, token: string | undefined): Promise<Html>
  /** Performs the action and renders the page that confirms it. */
  act(request: FastifyRequest, body: Static<Body>, reply: FastifyReply): Promise<Html>
  /** Renders the page for a refusal. */
  refuse(problem: Problem, request: FastifyRequest): Html
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Renders a refusal as a page, in place of the JSON error body. */
    pageOf?: (problem: Problem, request: FastifyRequest, reply: FastifyReply) => string
  }
}

/** Adds a page to a scope of its own; none if a frontend has the pages or no mail can be sent. */
export type AddForm = <Body extends TObject>(scope: FastifyInstance, page: PageRoutes<Body>) => void

const FORM = 'application/x-www-form-urlencoded'

const HTML = { 'text/html': { schema: Type.String() } }

/** Other parameters are ignored: mail services add their own to links. */
const Query = Type.Object(
  { token: Type.Optional(Type.Unsafe<unknown>({ description: 'the token of the link', examples: ['x'.repeat(43)] })) },
  { additionalProperties: true }
)

/** The format of a token. One of another format is truncated or repeated. */
const TOKEN = /^[\w-]{43}$/

export function createPageRoutes({ config, mail }: FastifyInstance, render: RenderPage): AddForm {
  const origins = ownOrigins(config.PUBLIC_URL)

  async function requireOwnForm({ headers }: FastifyRequest): Promise<void> {
    if (!isOwnForm(headers, origins)) throw new Problem('FORBIDDEN')
  }

  function add<Body extends TObject>(scope: FastifyInstance, given: PageRoutes<Body>): void {
    if (config.APP_URL !== undefined || !mail.available) return
    const { name, operationId, title, description, body, codes, preValidation = [], preHandler } = given
    const pageOf = (problem: Problem, request: FastifyRequest, reply: FastifyReply) =>
      render(reply, title, given.refuse(problem, request), { failed: true })

    scope.addContentTypeParser(FORM, { parseAs: 'buffer' }, async (_request: unknown, bytes: Buffer) => {
      // A field left empty counts as missing.
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
        return render(reply, title, await given.show(request, isToken ? token : undefined))
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
            200: { description: 'The page that confirms it.', content: HTML },
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
        return render(reply, title, done)
      }
    )
  }

  return add
}

/** Adds HTML to the documented refusals. The transport's own refusals stay JSON. */
function asPages(responses: ReturnType<typeof refusals>) {
  return Object.fromEntries(
    Object.entries(responses).map(([status, { content, ...response }]) => [
      status,
      { ...response, content: { ...content, ...HTML } }
    ])
  )
}
