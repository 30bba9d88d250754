import type { FastifyPluginAsync } from 'fastify'
import { Problem } from '../../src/errors.ts'
import { returnQuery } from '../../src/http/return-to.ts'
import { say } from '../../src/pages/layout.ts'
import { describeErrors } from '../../src/pages/problems.ts'
import { signUpFields, signUpView, unverifiedView } from '../../src/pages/views/sign-up.ts'
import { SignUpForm } from '../../src/schemas/pages.ts'

/** Registering. With HIDE_ACCOUNTS it begins with a mail; otherwise the user is signed in at once. */
const register: FastifyPluginAsync = async (fastify) => {
  const { config, limits, pageSessions, pages, passwords, registration } = fastify
  const { returnTo } = pages

  if (config.HIDE_ACCOUNTS === 'on') {
    pages.addMailRequest(fastify, {
      action: 'pages/register',
      title: 'sign-up.title',
      intro: 'sign-up.mail',
      signIn: 'sign-up.sign-in',
      kind: 'registration asked',
      counted: 'register',
      reason: 'registration'
    })
    return
  }
  if (!pages.hosted) return

  const needsEmail = config.REQUIRE_VERIFIED_EMAIL === 'on'
  const providers = [...fastify.providers.values()].flatMap(({ settings }) => (settings.signUp ? [settings] : []))
  const fields = signUpFields(needsEmail, config.PASSWORD_MIN)

  pages.add(fastify, {
    path: '/register',
    body: SignUpForm(needsEmail),
    before: returnTo.check,
    preHandler: [limits.byAddress('register'), passwords.admit],
    show: async ({ request, page }) => signUpView(page, { fields, providers, returnTo: returnTo.given(request) }),

    async act({ request, reply, page }, { password, email, username }) {
      const names = { ...(email !== undefined && { email }), ...(username !== undefined && { username }) }
      await registration.withPassword(request, reply, { names, password })
      const typed = email === undefined ? { username: String(username) } : { email }
      try {
        await pageSessions.open(request, reply, (pageSecret) =>
          fastify.signIn.withPassword(request, reply, { typed, password, inCookie: true, pageSecret })
        )
      } catch (error) {
        if (!(error instanceof Problem)) throw error
        // The account exists by now: sending the form again would only find its name taken.
        const target = returnTo.given(request)
        if (error.code !== 'EMAIL_UNVERIFIED') return { goTo: `pages/login${returnQuery(target)}`, done: 'account' }
        return unverifiedView(page, target)
      }
      return returnTo.goOn(request, page)
    },

    refuse: ({ request, page }, problem) =>
      signUpView(page, {
        fields,
        providers,
        returnTo: returnTo.given(request),
        values: (request.body ?? {}) as Record<string, unknown>,
        errors: namesNoAccount(problem)
          ? { summary: say(page, 'sign-up.one-name'), fields: {} }
          : describeErrors(page, problem, fields)
      })
  })
}

export default register

/** Whether a form has neither name. */
const namesNoAccount = ({ errors = [] }: Problem) => errors.some(({ path }) => path === '')
