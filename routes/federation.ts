import { type Static, Type } from '@sinclair/typebox'
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import type { FederationResult } from '../plugins/flows/federation.ts'
import type { GoTo } from '../plugins/pages/page-routes.ts'
import { queryOf } from '../plugins/pages/query.ts'
import type { Problem } from '../src/errors.ts'
import { parseForm } from '../src/http/form-body.ts'
import { renderMessage } from '../src/pages/form.ts'
import { link, say, type View } from '../src/pages/layout.ts'
import { describeProblem } from '../src/pages/problems.ts'
import { federationAskView, federationConfirmView } from '../src/pages/views/federation.ts'
import { unverifiedView } from '../src/pages/views/sign-up.ts'

const Params = Type.Object({ provider: Type.String() }, { additionalProperties: false })
type Params = Static<typeof Params>

/** Providers add parameters of their own. */
const Query = Type.Object({}, { additionalProperties: true })

/** The parameters of an answer that Apple sends as a form (OAuth 2.0 Form Post Response Mode). */
const ANSWER = ['code', 'state', 'iss', 'error'] as const

/** The redirect to a provider, and the answer from it. Exists only if a provider is configured. */
const federation: FastifyPluginAsync = async (fastify) => {
  const { limits, pages, providers } = fastify
  const { returnTo } = pages
  if (providers.size === 0) return

  async function pageOf(problem: Problem, request: FastifyRequest, reply: FastifyReply): Promise<string> {
    const page = pages.contextOf(request)
    const title = say(page, 'problem.title')
    const isReturn = problem.errors?.length
    const text = isReturn ? say(page, 'problem.return_to') : describeProblem(page, problem)
    return pages.render(reply, page, { title, content: renderMessage(title, text), failed: true })
  }

  function land(request: FastifyRequest, reply: FastifyReply, result: FederationResult) {
    const page = pages.contextOf(request)
    const answer = (next: View | GoTo) => ('content' in next ? show(next) : goTo(next.goTo))
    const goTo = (path: string) => reply.redirect(link(page, path), 303)
    const show = (view: View) => pages.render(reply, page, view)
    switch (result.outcome) {
      case 'signed in':
      case 'stepped up':
        return answer(returnTo.leadOn(result.returnTo, page))
      case 'linked':
        return goTo('pages/account?done=identity-linked')
      case 'second step':
        return show(pages.signIn.second({ request, page }, result.challenge, result.returnTo))
      case 'ask':
        return show(federationAskView(page, result))
      case 'unnamed':
        return goTo('pages/register/provider')
      case 'unverified':
        return show(unverifiedView(page, result.returnTo))
      case 'failed':
        return answer(pages.providers.fail({ reply, page }, result))
    }
  }

  const schema = { hide: true, params: Params, querystring: Query }
  const preHandler = limits.byAddress('federated login')
  const config = { pageOf }

  fastify.get<{ Params: Params }>(
    '/federation/:provider',
    { schema, preValidation: returnTo.check, preHandler, config },
    async (request, reply) => {
      const { provider: id } = request.params
      const what = { purpose: 'sign-in', returnTo: returnTo.given(request) } as const
      const settings = providers.get(id)?.settings
      if (settings && returnTo.isFromElsewhere(request)) {
        const page = pages.contextOf(request)
        return pages.render(
          reply,
          page,
          federationConfirmView(page, { id, label: settings.label, returnTo: what.returnTo })
        )
      }
      const begun = await fastify.federation.begin(request, reply, id, what)
      return 'location' in begun ? reply.redirect(begun.location, 303) : land(request, reply, begun)
    }
  )

  fastify.get<{ Params: Params }>(
    '/federation/:provider/callback',
    { schema, preHandler, config },
    async (request, reply) => {
      const answer = new URLSearchParams(queryOf(request.url))
      return land(request, reply, await fastify.federation.complete(request, reply, request.params.provider, answer))
    }
  )

  // The cookie does not come with a form of another site, but with the redirect of ours.
  fastify.register(async (scope) => {
    const parse = async (_request: unknown, bytes: Buffer) => parseForm(bytes)
    scope.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'buffer' }, parse)
    scope.post<{ Params: Params; Body: Record<string, string> }>(
      '/federation/:provider/callback',
      { schema: { ...schema, body: Query }, preHandler, config },
      async ({ body }, reply) => {
        const given = ANSWER.flatMap((name): [string, string][] =>
          body[name] === undefined ? [] : [[name, body[name]]]
        )
        return reply.redirect(`callback?${new URLSearchParams(given)}`, 303)
      }
    )
  })
}

export default federation
