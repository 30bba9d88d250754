import type { FastifyInstance } from 'fastify'
import type { Action } from '../../src/limits/rates.ts'
import type { RequestKind } from '../../src/mail/mails.ts'
import { askingForm, renderForm } from '../../src/pages/form.ts'
import { html } from '../../src/pages/html.ts'
import { describeErrors } from '../../src/pages/problems.ts'
import { MAIL_ASKED } from '../../src/schemas/answers.ts'
import { EmailBody } from '../../src/schemas/email.ts'
import { trimEmail } from '../../src/users/names.ts'
import type { AddForm } from './page-routes.ts'

/** A page that requests a mail, as a route of the API does: with the same limits and one answer for every address. */
export interface MailPage {
  /** The last part of its path. */
  name: string
  operationId: string
  title: string
  intro: string
  button: string
  /** The mail that it requests. */
  kind: RequestKind
  /** The action that is counted by client address. */
  counted: Action
  /** The reason in the audit log. */
  reason: string
}

/** Adds a page that requests a mail to a scope of its own; none if a frontend has the pages. */
export type AddMailRequest = (scope: FastifyInstance, page: MailPage) => void

export function createMailPages({ limits, mail }: FastifyInstance, addForm: AddForm): AddMailRequest {
  return (scope, { name, operationId, title, intro, button, kind, counted, reason }) => {
    const form = askingForm(name, button)
    const above = html`<h1>${title}</h1>
<p>${intro}</p>`

    addForm(scope, {
      name,
      operationId,
      title,
      description: 'A page that asks for a mail. The answer is the same for every address.',
      body: EmailBody,
      codes: ['TOO_MANY_REQUESTS', 'MAIL_UNAVAILABLE'],
      preValidation: trimEmail,
      preHandler: [mail.require, limits.byAddress(counted)],
      show: async () => renderForm(form, above),
      async act(request, { email }) {
        await mail.request(request, { kind, recipient: email })
        request.record('mail asked', { detail: { reason } })
        return html`<div class="card"><h1>Look into your mailbox</h1>
<p>${MAIL_ASKED.message}</p></div>`
      },
      refuse: (problem, { body }) =>
        renderForm(form, above, {
          values: (body ?? {}) as Record<string, unknown>,
          errors: describeErrors(problem, form.fields)
        })
    })
  }
}
