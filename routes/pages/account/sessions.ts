import type { FastifyPluginAsync } from 'fastify'
import { describeDone } from '../../../src/pages/done.ts'
import { accountProblemView } from '../../../src/pages/views/account-form.ts'
import { sessionsView } from '../../../src/pages/views/account-sessions.ts'
import { SessionForm } from '../../../src/schemas/pages.ts'
import { listSessions } from '../../../src/sessions/sessions.ts'

/** The sessions that the page shows: those used last. */
const SHOWN = 100

/** The sessions of the account: ending one, or all others. It never asks for anything: in need it must be quick. */
const sessionsPage: FastifyPluginAsync = async (fastify) => {
  const { ownSessions, pageSessions, pages, sessions } = fastify
  if (!pages.hosted) return

  pages.add(fastify, {
    path: '/sessions',
    body: SessionForm,
    before: pages.requireSession,

    async show({ request, page }) {
      const active = await listSessions(request.database, sessions.rules, request.user, SHOWN)
      return sessionsView(page, active, describeDone(page, request.query))
    },

    async act({ request, reply }, { session }) {
      const { from } = request.query as { from?: unknown }
      const goTo = from === 'list' ? 'pages/account/sessions' : 'pages/account'
      if (session === undefined) {
        await ownSessions.endOthers(request, reply)
        return { goTo, done: 'sessions' }
      }
      await ownSessions.end(request, session)
      if (session !== request.user.sid) return { goTo, done: 'session' }
      pageSessions.clear(reply)
      return { goTo: 'pages/login' }
    },

    refuse: ({ page }, problem) => accountProblemView(page, 'account.sessions', problem)
  })
}

export default sessionsPage
