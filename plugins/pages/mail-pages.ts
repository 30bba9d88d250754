import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Action } from '../../src/limits/rates.ts'
import type { RequestKind } from '../../src/mail/mails.ts'
import { signInLink } from '../../src/pages/components.ts'
import { EMAIL } from '../../src/pages/fields.ts'
import { type Form, type FormValues, renderForm } from '../../src/pages/form.ts'
import { html } from '../../src/pages/html.ts'
import { type PageContext, say, type View } from '../../src/pages/layout.ts'
import { renderNote } from '../../src/pages/link-form.ts'
import { describeErrors } from '../../src/pages/problems.ts'
import type { TextKey } from '../../src/pages/texts.ts'
import { EmailForm } from '../../src/schemas/pages.ts'
import type { AddPage } from './page-routes.ts'
import type { Returning } from './return-to.ts'

/** A page that requests a mail, as a route of the API does: with the same limits and one answer for every address. */
export interface MailPage {
  /** The path of the form from the root of the service. */
  action: string
  title: TextKey
  intro: TextKey
  /** The text of the link to the sign-in. */
  signIn?: TextKey
  /** The mail that it requests. */
  kind: RequestKind
  /** The action that is counted by client address. */
  counted: Action
  /** The reason in the audit log. */
  reason: string
}

/** Adds a page that requests a mail to a scope of its own; none if a frontend has the pages. */
export type AddMailRequest = (scope: FastifyInstance, page: MailPage) => void

/** @param offered whether mails are sent, and their links lead here */
export function createMailPages(
  { config, limits, mail }: Pick<FastifyInstance, 'config' | 'limits' | 'mail'>,
  offered: boolean,
  add: AddPage,
  returnTo: Pick<Returning, 'check' | 'given'>
): AddMailRequest {
  return (scope, { action, title, intro, signIn, kind, counted, reason }) => {
    if (!offered) return
    const linksOf = (page: PageContext, request: FastifyRequest) =>
      config.PAGES === 'on' ? [signInLink(page, returnTo.given(request), signIn)] : []
    const form: Form = { action, fields: [EMAIL], button: 'mail.button' }
    const render = (page: PageContext, request: FastifyRequest, filled?: FormValues): View => {
      const hidden = { return_to: returnTo.given(request) }
      const above = html`<h1>${say(page, title)}</h1>
<p>${say(page, intro)}</p>`
      return {
        title: say(page, title),
        content: renderForm(page, { ...form, hidden }, above, filled),
        links: linksOf(page, request)
      }
    }

    add(scope, {
      path: action.slice(action.lastIndexOf('/')),
      body: EmailForm,
      before: returnTo.check,
      preHandler: [mail.require, limits.byAddress(counted)],
      show: async ({ request, page }) => render(page, request),
      async act({ request, page }, { email }) {
        await mail.request(request, { kind, recipient: email })
        request.record('mail asked', { detail: { reason } })
        const content = renderNote(page, { title: 'mail.title', text: 'mail.asked' })
        return { title: say(page, title), content, links: linksOf(page, request) }
      },
      refuse: ({ request, page }, problem) =>
        render(page, request, {
          values: (request.body ?? {}) as Record<string, unknown>,
          errors: describeErrors(page, problem, form.fields)
        })
    })
  }
}
