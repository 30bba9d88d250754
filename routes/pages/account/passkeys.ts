import type { FastifyPluginAsync, FastifyRequest } from 'fastify'
import type { Visit } from '../../../plugins/pages/page-routes.ts'
import type { Problem } from '../../../src/errors.ts'
import { userHandleOf } from '../../../src/factors/credentials.ts'
import { listPasskeys, MAX_PASSKEYS } from '../../../src/factors/passkeys.ts'
import { describeDone } from '../../../src/pages/done.ts'
import type { View } from '../../../src/pages/layout.ts'
import { describeErrors } from '../../../src/pages/problems.ts'
import {
  PASSKEY_NAME,
  type PasskeyAdding,
  passkeyAgainView,
  passkeysView
} from '../../../src/pages/views/factors/passkeys.ts'
import { PasskeyRegistration, toPasskey } from '../../../src/schemas/passkeys.ts'

/** Lists and adds passkeys. Exists only if PUBLIC_URL can have them. */
const passkeysPage: FastifyPluginAsync = async (fastify) => {
  const { clock, config, pages, pageSessions, passkeyEnrolment, passkeys } = fastify
  if (!pages.hosted || !passkeys || !passkeyEnrolment) return
  const { party, registrationOptions } = passkeys

  async function howToAdd(request: FastifyRequest, count: number): Promise<PasskeyAdding> {
    if (count >= MAX_PASSKEYS) return 'too many'
    if (!pageSessions.isFresh(request)) return 'step up'
    const { public_key: options, expires_in } = await registrationOptions(request)
    const age = clock.now() / 1000 - Number(request.user.auth_time)
    // An authenticator must not make a passkey that is then refused because the session is no longer fresh.
    return { options, seconds: Math.floor(Math.min(expires_in, config.STEP_UP_MAX_AGE - age)) }
  }

  async function list({ request, page }: Pick<Visit, 'request' | 'page'>, problem?: Problem): Promise<View> {
    const { account, database, query } = request
    const listed = await listPasskeys(database, account.id)
    const { name } = Object(request.body) as { name?: unknown }
    return passkeysView(page, {
      party,
      userHandle: userHandleOf(account.id).toString('base64url'),
      passkeys: listed.map(toPasskey),
      adding: await howToAdd(request, listed.length),
      done: describeDone(page, query),
      name,
      // It is forbidden only to an account that has as many as it may have, which the page says anyway.
      ...(problem && problem.code !== 'FORBIDDEN' && { errors: describeErrors(page, problem, [PASSKEY_NAME]) })
    })
  }

  pages.add(fastify, {
    path: '/passkeys',
    body: PasskeyRegistration,
    before: pages.requireSession,
    preValidation: [pages.requireFresh, pages.readFactors],
    show: (visit) => list(visit),

    async act({ request }, registration) {
      await passkeyEnrolment.add(request, registration)
      return { goTo: 'pages/account/passkeys', done: 'passkey-added' }
    },

    async refuse(visit, problem) {
      const { request, page } = visit
      const again = () => passkeyAgainView(page, sentBy(request), describeErrors(page, problem, []))
      // A form that could not be read is refused before the session is looked for.
      return problem.statusCode >= 500 || !request.account ? again() : list(visit, problem).catch(again)
    }
  })
}

export default passkeysPage

/** A passkey as it was sent, so that it can be sent again. */
function sentBy({ body }: FastifyRequest): { credential: string | undefined; name: string | undefined } {
  const { credential, name } = Object(body) as { credential?: unknown; name?: unknown }
  return {
    credential: typeof credential === 'object' ? JSON.stringify(credential) : (credential as string | undefined),
    name: name as string | undefined
  }
}
