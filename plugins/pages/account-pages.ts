import type { TObject } from '@sinclair/typebox'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { displayName } from '../../src/admin/accounts.ts'
import { describeErrors } from '../../src/pages/problems.ts'
import { type AccountForm, accountFormView } from '../../src/pages/views/account-form.ts'
import type { SessionUser } from '../../src/sessions/sessions.ts'
import type { AddPage, PageRoute } from './page-routes.ts'

/** A page with a form that changes the account of the session. */
export interface AccountFormPage<Body extends TObject> extends Omit<PageRoute<Body>, 'show' | 'refuse'> {
  /** The form, which may depend on the session. */
  form(request: FastifyRequest): AccountForm
}

/** Adds a page that changes the account to a scope of its own; none if the pages are off. */
export type AddAccountForm = <Body extends TObject>(scope: FastifyInstance, page: AccountFormPage<Body>) => void

export function createAccountPages(hosted: boolean, add: AddPage): AddAccountForm {
  return (scope, { form: formOf, ...route }) => {
    if (!hosted) return

    add(scope, {
      ...route,
      async show({ request, page }) {
        return accountFormView(page, formOf(request), { account: displayName(request.account) })
      },
      refuse({ request, page }, problem) {
        const form = formOf(request)
        // A form that could not be read is refused before the session is looked for.
        const { account } = request as { account?: SessionUser }
        return accountFormView(page, form, {
          account: account && displayName(account),
          values: (request.body ?? {}) as Record<string, unknown>,
          errors: describeErrors(page, problem, form.fields)
        })
      }
    })
  }
}
