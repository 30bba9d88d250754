import type { FastifyPluginAsync } from 'fastify'
import { listPasskeys } from '../../src/factors/passkeys.ts'
import { describeDone } from '../../src/pages/done.ts'
import { accountView } from '../../src/pages/views/account.ts'
import { problemView } from '../../src/pages/views/problem.ts'
import { toPasskey } from '../../src/schemas/passkeys.ts'
import { listSessions } from '../../src/sessions/sessions.ts'

/** The sessions that the page shows. All are on a page of their own. */
const SHOWN = 5

/** The account: its names, how its owner signs in, where, and all its data. */
const account: FastifyPluginAsync = async (fastify) => {
  const { factorEnrolment, identities, mail, pages, passkeys, sessions } = fastify
  const providers = [...fastify.providers.values()].map(({ settings }) => settings)
  if (!pages.hosted) return

  pages.add(fastify, {
    path: '/account',
    before: pages.requireSession,

    async show({ request, page }) {
      const { account, database, user } = request
      const stored = passkeys && (await listPasskeys(database, account.id))
      const active = await listSessions(database, sessions.rules, user, SHOWN + 1)
      return accountView(page, {
        account,
        factors: await factorEnrolment.read(request),
        passkeys: stored?.map(toPasskey),
        identities: providers.length > 0 ? { providers, identities: await identities.list(request) } : undefined,
        sessions: active.slice(0, SHOWN),
        hasMore: active.length > SHOWN,
        sendsMail: mail.available,
        done: describeDone(page, request.query)
      })
    },

    refuse: ({ page }, problem) => problemView(page, 'account.title', problem)
  })
}

export default account
