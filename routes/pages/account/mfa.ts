import type { FastifyPluginAsync } from 'fastify'
import { renderDone } from '../../../src/pages/components.ts'
import { say } from '../../../src/pages/layout.ts'
import { describeErrors } from '../../../src/pages/problems.ts'
import { newCodesView } from '../../../src/pages/views/factors/recovery-codes.ts'
import { requirementView } from '../../../src/pages/views/factors/requirement.ts'
import { hasFactor } from '../../../src/schemas/mfa.ts'
import { RequirementForm } from '../../../src/schemas/pages.ts'

/** Sets whether a second step is required. */
const mfa: FastifyPluginAsync = async (fastify) => {
  const { factorEnrolment, pages } = fastify
  if (!pages.hosted) return

  pages.add(fastify, {
    path: '/mfa',
    body: RequirementForm,
    before: [pages.requireSession, pages.requireFresh],

    async show({ request, page }) {
      const read = await factorEnrolment.read(request)
      return requirementView(page, { required: read.required, hasFactor: hasFactor(read) })
    },

    async act({ request, page }, { required }) {
      const turnOn = required === 'true'
      const { codes } = await factorEnrolment.require(request, turnOn)
      if (codes) return newCodesView(page, codes, renderDone(say(page, 'done.second-step-on')))
      return { goTo: 'pages/account', done: turnOn ? 'second-step-on' : 'second-step-off' }
    },

    refuse({ request, page }, problem) {
      // It is forbidden only to an account without a factor.
      if (problem.code === 'FORBIDDEN') return requirementView(page, { required: false, hasFactor: false })
      const { required } = Object(request.body) as { required?: unknown }
      const errors = describeErrors(page, problem, [])
      const isRequired = required === undefined ? undefined : required === 'false'
      return requirementView(page, { required: isRequired, hasFactor: true, errors })
    }
  })
}

export default mfa
