import type { Readable } from 'node:stream'
import { type Static, type TObject, Type } from '@sinclair/typebox'
import type {
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
  onRequestHookHandler,
  preHandlerHookHandler,
  preValidationHookHandler
} from 'fastify'
import { displayName } from '../../src/admin/accounts.ts'
import { Problem } from '../../src/errors.ts'
import { parseForm } from '../../src/http/form-body.ts'
import { isOwnForm, ownOrigins } from '../../src/http/own-origin.ts'
import { RETURN_TO } from '../../src/http/return-to.ts'
import { link, type PageContext, type View } from '../../src/pages/layout.ts'
import { describeProblem } from '../../src/pages/problems.ts'
import type { KeysOf } from '../../src/pages/texts.ts'
import { problemView } from '../../src/pages/views/problem.ts'
import { signedOutView } from '../../src/pages/views/sign-out.ts'
import { stepUpView } from '../../src/pages/views/step-up.ts'
import { pathBelow, queryOf } from './query.ts'
import type { PageRenderer } from './render-page.ts'

/** A request for a page. */
export interface Visit {
  request: FastifyRequest
  reply: FastifyReply
  page: PageContext
}

/** Another page that the browser opens instead, by its path from the root of the service. */
export interface GoTo {
  goTo: string
  /** The completed action, which that page confirms. */
  done?: Done
}

/** A file that the browser saves, beside the page. */
export interface Download {
  file: Readable
  /** The media type. */
  type: string
  name: string
}

/** A completed action: the texts that begin with `done.`. */
export type Done = KeysOf<'done'> extends `done.${infer Name}` ? Name : never

type Hooks<Hook> = Hook | Hook[]

/** A page. GET changes nothing; POST does what a route of the API does. */
export interface PageRoute<Body extends TObject> {
  /** The last part of its path. */
  path: string
  /** The form. It may have no other fields. Without it, there is no POST. */
  body?: Body
  /** Hooks of both methods; of POST, they run once the form is read, so that a refusal keeps what was typed. */
  before?: Hooks<preValidationHookHandler>
  /** Hooks of POST, before the form is validated. */
  preValidation?: Hooks<preValidationHookHandler>
  /** Hooks of POST, once the form is validated. */
  preHandler?: Hooks<preHandlerHookHandler>
  /** The page, or another one that GET leads to. */
  show(visit: Visit): Promise<View | GoTo>
  /** Does what the form is for. */
  act?(visit: Visit, body: Static<Body>): Promise<View | GoTo | Download>
  /** The page again, with what was wrong. */
  refuse(visit: Visit, problem: Problem): Promise<View> | View
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Renders a refusal as a page, in place of the JSON error body. */
    pageOf?: (problem: Problem, request: FastifyRequest, reply: FastifyReply) => Promise<string>
  }
}

/** Adds a page to a scope of its own. */
export type AddPage = <Body extends TObject>(scope: FastifyInstance, page: PageRoute<Body>) => void

const FORM = 'application/x-www-form-urlencoded'

/** The fields with a name. White space at the ends, which keyboards and clipboards add, is removed: no name has any. */
const NAMES = ['name', 'username', 'email', 'new_email']

/** Other parameters are ignored: mail services add their own to links. */
const Query = Type.Object({}, { additionalProperties: true })

/** @param afterSignIn the `return_to` for a user who has to sign in first */
export function createPageRoutes(
  { config }: Pick<FastifyInstance, 'config'>,
  { contextOf, render }: PageRenderer,
  afterSignIn: (request: FastifyRequest) => string,
  prefix = ''
): AddPage {
  const origins = ownOrigins(config.PUBLIC_URL)

  const requireOwnForm: onRequestHookHandler = ({ headers }, _reply, done) => {
    done(isOwnForm(headers, origins) ? undefined : new Problem('FORBIDDEN'))
  }

  function add<Body extends TObject>(scope: FastifyInstance, given: PageRoute<Body>): void {
    const { path, body, before = [], preValidation = [], preHandler = [], act } = given

    async function pageOf(problem: Problem, request: FastifyRequest, reply: FastifyReply): Promise<string> {
      const page = contextOf(request)
      // Another site sent the form, or its origin is unknown.
      const isForeign = problem.code === 'FORBIDDEN' && request.body === undefined
      const refuse = async () =>
        detourOf(page, request, problem, { prefix, afterSignIn }) ?? given.refuse({ request, reply, page }, problem)
      const refused = isForeign ? undefined : await refuse().catch((err) => logFault(request, err))
      return render(reply, page, { ...(refused ?? problemView(page, 'problem.title', problem)), failed: true })
    }

    function answer({ reply, page }: Visit, outcome: View | GoTo | Download) {
      if ('content' in outcome) return render(reply, page, outcome)
      if ('file' in outcome) return sendFile(reply, outcome)
      const { goTo, done } = outcome
      const query = done === undefined ? '' : `${goTo.includes('?') ? '&' : '?'}done=${done}`
      return reply.redirect(link(page, `${goTo}${query}`), 303)
    }

    scope.get(
      path,
      { schema: { hide: true, querystring: Query }, preValidation: before, config: { pageOf } },
      async (request, reply) => {
        const visit = { request, reply, page: contextOf(request) }
        return answer(visit, await given.show(visit))
      }
    )

    if (!body || !act) return
    scope.addContentTypeParser(FORM, { parseAs: 'buffer' }, async (_request: unknown, bytes: Buffer) => readForm(bytes))

    scope.post<{ Body: Static<Body> }>(
      path,
      {
        schema: { hide: true, querystring: Query, body },
        onRequest: requireOwnForm,
        preValidation: [...[before].flat(), ...[preValidation].flat()],
        preHandler,
        config: { pageOf }
      },
      async (request, reply) => {
        const visit = { request, reply, page: contextOf(request) }
        return answer(visit, await act(visit, request.body as Static<Body>))
      }
    )
  }

  return add
}

/** Reads a form. A field left empty counts as missing. */
function readForm(bytes: Buffer): Record<string, string> {
  const fields = Object.entries(parseForm(bytes)).map(
    ([name, value]) => [name, NAMES.includes(name) ? value.trim() : value] as const
  )
  return Object.fromEntries(fields.filter(([, value]) => value !== ''))
}

const sendFile = (reply: FastifyReply, { file, type, name }: Download) =>
  reply.type(type).header('content-disposition', `attachment; filename="${name}"`).send(file)

/**
 * The page that replaces the requested one if `return_to` is not allowed, or if the session has ended, or is no longer
 * fresh enough, since the request was checked.
 */
function detourOf(
  page: PageContext,
  request: FastifyRequest,
  problem: Problem,
  { prefix, afterSignIn }: { prefix: string; afterSignIn: (request: FastifyRequest) => string }
): View | undefined {
  if (problem.errors?.some(({ path }) => path === RETURN_TO)) {
    return problemView(page, 'problem.title', problem, 'problem.return_to')
  }
  if (problem.code === 'TOKEN_INVALID') return signedOutView(page, describeProblem(page, problem), afterSignIn(request))
  if (!problem.challenge || problem.code !== 'STEP_UP_REQUIRED') return undefined
  const { challenge } = problem
  const account = displayName(request.account)
  const returnTo = `${pathBelow(prefix, request.routeOptions.url)}${queryOf(request.url)}`
  return stepUpView(page, { challenge, account, returnTo })
}

/** A fault of a page, which must not turn its refusal into another answer. */
const logFault = (request: FastifyRequest, err: unknown): undefined => {
  request.log.error({ err }, 'could not render a refusal')
}
