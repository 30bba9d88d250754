import type { FastifyPluginAsync } from 'fastify'
import { displayName } from '../../src/admin/accounts.ts'
import { renderMessage } from '../../src/pages/form.ts'
import { html } from '../../src/pages/html.ts'
import { link, say } from '../../src/pages/layout.ts'
import { problemView } from '../../src/pages/views/problem.ts'
import { signOutView } from '../../src/pages/views/sign-out.ts'
import { EmptyForm } from '../../src/schemas/pages.ts'

/** Signing out: ends the session, and removes its cookies. */
const logout: FastifyPluginAsync = async (fastify) => {
  const { limits, pageSessions, pages } = fastify
  if (!pages.hosted) return

  pages.add(fastify, {
    path: '/logout',
    body: EmptyForm,
    preHandler: limits.byAddress('logout'),

    async show({ request, page }) {
      const isSignedIn = await pageSessions.find(request)
      return signOutView(page, isSignedIn ? displayName(request.account) : undefined)
    },

    async act({ request, reply, page }) {
      await pageSessions.end(request, reply)
      const title = say(page, 'sign-out.done')
      const again = html`<a href="${link(page, 'pages/login')}">${say(page, 'sign-in.title')}</a>`
      return { title, content: renderMessage(title, again) }
    },

    refuse: ({ page }, problem) => problemView(page, 'sign-out.title', problem)
  })
}

export default logout
