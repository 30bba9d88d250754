import type { FastifyPluginAsync } from 'fastify'
import { returnQuery } from '../../../src/http/return-to.ts'
import { SecondStepForm } from '../../../src/schemas/pages.ts'

/** The second step of a sign-in. */
const secondStep: FastifyPluginAsync = async (fastify) => {
  const { limits, pageSessions, pages } = fastify
  const { returnTo } = pages
  if (!pages.hosted) return

  pages.add(fastify, {
    path: '/mfa',
    body: SecondStepForm,
    before: returnTo.check,
    preValidation: pages.readFactors,
    preHandler: limits.byAddress('second factor'),
    // The step begins with a password: which a page that is opened or loaded again does not have.
    show: async ({ request }) => ({ goTo: `pages/login${returnQuery(returnTo.given(request))}` }),

    async act({ request, reply, page }, { return_to: _, challenge: __, ...step }) {
      await pageSessions.open(request, reply, (pageSecret) =>
        fastify.signIn.withSecondStep(request, reply, step, pageSecret)
      )
      return returnTo.goOn(request, page)
    },

    refuse: (visit, problem) => pages.signIn.secondAgain(visit, problem)
  })
}

export default secondStep
