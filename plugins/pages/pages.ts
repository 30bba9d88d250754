import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { parseJson } from '../../src/http/json-body.ts'
import { returnQuery } from '../../src/http/return-to.ts'
import { link } from '../../src/pages/layout.ts'
import { type AddAccountForm, createAccountPages } from './account-pages.ts'
import { type AddLink, createLinkPages } from './link-pages.ts'
import { type AddMailRequest, createMailPages } from './mail-pages.ts'
import { type AddPage, createPageRoutes } from './page-routes.ts'
import { createProviderPages, type ProviderPages } from './provider-pages.ts'
import { createPageRenderer, type PageRenderer } from './render-page.ts'
import { createReturning, type Returning } from './return-to.ts'
import { createSignInPages, type SignInPages } from './sign-in-pages.ts'

/** HTML pages. */
export interface Pages extends PageRenderer {
  /** Whether people sign in and manage their account on pages of the service. */
  readonly hosted: boolean
  /** Adds a page to a scope of its own. */
  add: AddPage
  addLink: AddLink
  addMailRequest: AddMailRequest
  addAccountForm: AddAccountForm
  returnTo: Returning
  signIn: SignInPages
  providers: ProviderPages
  /** A hook: leads to the sign-in, and back, without a session. Otherwise sets `request.user` and `request.account`. */
  requireSession(request: FastifyRequest, reply: FastifyReply): Promise<unknown>
  /**
   * A preValidation hook for forms with a factor: parses the credential of a passkey, which is JSON in a form, and removes
   * the spaces that apps show in a code.
   */
  readFactors(request: FastifyRequest): Promise<void>
  /** A hook after `requireSession`: leads to the step-up, and back, if the last authentication is too old or too weak. */
  requireFresh(request: FastifyRequest, reply: FastifyReply): Promise<unknown>
  /** The same for changes that ask for the current password, as `factors.requireFreshBesidePassword` does. */
  requireFreshBesidePassword(request: FastifyRequest, reply: FastifyReply): Promise<unknown>
}

declare module 'fastify' {
  interface FastifyInstance {
    pages: Pages
  }
}

/** Provides HTML pages. */
export default fp(
  async (fastify) => {
    const { config, mail, pageSessions } = fastify
    const renderer = createPageRenderer(fastify, fastify.prefix)
    const returnTo = createReturning(config, fastify.prefix)
    const add = createPageRoutes(fastify, renderer, returnTo.afterSignIn, fastify.prefix)
    const hosted = config.PAGES === 'on'
    // With APP_URL, the links in mails lead to a frontend. The hosted pages ask for mails all the same.
    const ofLinks = config.APP_URL === undefined && mail.available
    const ofMails = ofLinks || (hosted && mail.available)

    const lead = (request: FastifyRequest, reply: FastifyReply, path: string) =>
      reply.redirect(link(renderer.contextOf(request), path), 303)

    const requireSession = async (request: FastifyRequest, reply: FastifyReply) =>
      (await pageSessions.find(request))
        ? undefined
        : lead(request, reply, `pages/login${returnQuery(returnTo.afterSignIn(request))}`)
    const requireFresh = async (request: FastifyRequest, reply: FastifyReply) =>
      pageSessions.isFresh(request)
        ? undefined
        : lead(request, reply, `pages/step-up${returnQuery(returnTo.pageOf(request))}`)
    async function requireFreshBesidePassword(request: FastifyRequest, reply: FastifyReply) {
      const { mfaRequired, hasPassword } = request.account
      return mfaRequired || !hasPassword ? requireFresh(request, reply) : undefined
    }

    fastify.decorate('pages', {
      ...renderer,
      hosted,
      add,
      addLink: createLinkPages(ofLinks, add, hosted),
      addMailRequest: createMailPages(fastify, ofMails, add, returnTo),
      addAccountForm: createAccountPages(hosted, add),
      returnTo,
      signIn: createSignInPages(fastify, returnTo),
      providers: createProviderPages(fastify),
      requireSession,
      requireFresh,
      requireFreshBesidePassword,
      readFactors
    } satisfies Pages)
  },
  {
    name: 'pages',
    dependencies: ['audit', 'clock', 'config', 'factors', 'limits', 'mail', 'page-sessions', 'passkeys', 'providers']
  }
)

async function readFactors({ body }: FastifyRequest): Promise<void> {
  const form = (body ?? {}) as Record<string, unknown>
  if (typeof form.totp === 'string') form.totp = form.totp.replaceAll(' ', '')
  if (typeof form.credential === 'string') form.credential = parseJson(Buffer.from(form.credential))
}
