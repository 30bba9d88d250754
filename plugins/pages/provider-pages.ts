import type { FastifyInstance } from 'fastify'
import { returnQuery } from '../../src/http/return-to.ts'
import type { View } from '../../src/pages/layout.ts'
import type { KeysOf } from '../../src/pages/texts.ts'
import { federationFailedView, type WayBack } from '../../src/pages/views/federation.ts'
import { handOverView } from '../../src/pages/views/hand-over.ts'
import type { Attempt, Purpose } from '../../src/providers/attempt.ts'
import type { FederationResult, Outcome } from '../flows/federation.ts'
import type { GoTo, Visit } from './page-routes.ts'

/** What people see of an attempt at a provider, beside its success. */
export interface ProviderPages {
  /**
   * Leads to a provider from a form: by a page, since `form-action 'self'` forbids a redirect to another origin.
   *
   * @throws Problem NOT_FOUND
   */
  begin(
    visit: Visit,
    id: string,
    what: Omit<Attempt, 'provider' | 'state' | 'nonce' | 'verifier'>
  ): Promise<View | GoTo>
  /** Says that an attempt failed, with a way back. A user who cancelled is redirected there at once. */
  fail(visit: Pick<Visit, 'reply' | 'page'>, result: FederationResult & Failed): View | GoTo
}

type Failed = Extract<Outcome, { outcome: 'failed' }>

/** The texts of failures. The audit log has the reasons. */
const TEXTS: Partial<Record<Failed['reason'], KeysOf<'federation'>>> = {
  'provider unavailable': 'federation.unavailable',
  'no account': 'federation.no-account',
  'no verified address': 'federation.no-address',
  'identity taken': 'federation.taken',
  'another account': 'federation.another',
  'not asked again': 'federation.not-asked'
}

const STATUSES: Partial<Record<Failed['reason'], number>> = {
  'provider unavailable': 503,
  'identity taken': 409
}

export function createProviderPages(fastify: FastifyInstance): ProviderPages {
  const pages: ProviderPages = {
    async begin(visit, id, what) {
      const { request, reply, page } = visit
      const begun = await fastify.federation.begin(request, reply, id, what)
      if ('location' in begun) return handOverView(page, begun.location)
      return pages.fail(visit, begun as FederationResult & Failed)
    },

    fail({ reply, page }, { label, purpose, reason, returnTo }) {
      const back = wayBack(purpose, returnTo)
      if (reason === 'access denied') return { goTo: back.path }
      reply.code(STATUSES[reason] ?? 400)
      if (reason === 'provider unavailable') reply.header('retry-after', '5')
      return federationFailedView(page, { label, back, text: TEXTS[reason] ?? 'federation.failed' })
    }
  }
  return pages
}

/** The page from which an attempt began, and the text of the link to it. */
function wayBack(purpose: Purpose, returnTo: string | undefined): WayBack {
  switch (purpose) {
    case 'sign-in':
      return { path: `pages/login${returnQuery(returnTo)}`, text: 'federation.back' }
    case 'link':
      return { path: 'pages/account', text: 'account.title' }
    case 'step-up':
      return { path: `pages/step-up${returnQuery(returnTo)}`, text: 'step-up.title' }
  }
}
