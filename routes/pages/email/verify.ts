import type { FastifyPluginAsync, FastifyRequest } from 'fastify'
import { CURRENT_PASSWORD } from '../../../src/pages/fields.ts'
import { accountLine } from '../../../src/pages/form.ts'
import { type Html, html } from '../../../src/pages/html.ts'
import { link, type PageContext, say } from '../../../src/pages/layout.ts'
import { askAgain } from '../../../src/pages/link-form.ts'
import { EmailVerification } from '../../../src/schemas/email.ts'

const verify: FastifyPluginAsync = async (fastify) => {
  const { config, emailLinks, limits, pageSessions, passwords } = fastify
  const canSignIn = config.REQUIRE_VERIFIED_EMAIL === 'off'

  fastify.pages.addLink(fastify, {
    action: 'pages/email/verify',
    title: 'verify.title',
    intro: (page, { names, sessionOf }) => html`<p>${say(page, sessionOf ? 'verify.session' : 'verify.text')}</p>
${accountLine(page, names)}`,
    fields: (link) => (link?.sessionOf ? [] : [CURRENT_PASSWORD]),
    button: 'verify.button',
    beside: {
      title: 'reject.title',
      text: 'verify.beside',
      form: { action: 'pages/email/verify/reject', fields: [], button: 'reject.title', look: 'quiet' }
    },
    done: { title: 'verify.done', text: 'verify.done.text' },
    doneBefore: { title: 'verify.done-before', text: 'verify.done-before.text' },
    renewal: { text: 'verify.renewal', form: askAgain('pages/email/resend') },
    thenSignIn: true,
    body: EmailVerification,
    preHandler: [limits.byAddress('login'), passwords.admit],
    async look(request, token) {
      const link = await emailLinks.look(request, 'verify email', token)
      // Without a password, the session of this browser shows who owns the account.
      if (link?.sessionOf) await pageSessions.find(request)
      return link
    },
    instead: (request, page, { sessionOf }) =>
      sessionOf && accountOf(request) !== sessionOf ? renderWays(page, canSignIn) : undefined,
    act: emailLinks.verify
  })
}

export default verify

/** The account of the session of a browser, if one was found. */
const accountOf = ({ account }: Partial<Pick<FastifyRequest, 'account'>>) => account?.id

/** The way on for the owner of an account without a password, in a browser without a session of it. */
const renderWays = (
  page: PageContext,
  canSignIn: boolean
): Html => html`<div class="card"><h1>${say(page, 'verify.title')}</h1>
<p>${say(page, canSignIn ? 'verify.sign-in' : 'verify.choose.text')}</p>
<p><a class="button" href="${link(page, 'pages/password/forgot')}">${say(page, 'verify.choose')}</a></p></div>`
