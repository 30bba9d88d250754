import { returnQuery } from '../../http/return-to.ts'
import { resendLink, signInLink } from '../components.ts'
import { EMAIL, newPassword, USERNAME } from '../fields.ts'
import { type Field, type FormErrors, renderForm } from '../form.ts'
import { html } from '../html.ts'
import { link, type PageContext, say, type View } from '../layout.ts'
import { renderNote } from '../link-form.ts'
import { type ProviderButton, renderProviders } from './federation.ts'

/** The page on which people register. */
export interface SignUpPage {
  fields: Field[]
  returnTo: string | undefined
  /** The other providers with which people sign in. */
  providers?: readonly ProviderButton[]
  values?: Record<string, unknown>
  errors?: FormErrors
}

/**
 * The fields of a registration.
 *
 * @param needsEmail whether an address is required; otherwise a username alone is enough
 * @param min the length of a password, in characters
 */
export function signUpFields(needsEmail: boolean, min: number): Field[] {
  const hint = { text: 'sign-up.email.hint' } as const
  const email: Field = needsEmail ? EMAIL : { ...EMAIL, label: 'sign-up.email.optional', hint, optional: true }
  const username: Field = { ...USERNAME, label: 'sign-up.username.optional', optional: true }
  return [email, username, newPassword('password', min)]
}

export function signUpView(page: PageContext, { fields, returnTo, providers = [], ...filled }: SignUpPage): View {
  const title = say(page, 'sign-up.title')
  const form = { action: 'pages/register', fields, button: 'sign-up.button', hidden: { return_to: returnTo } } as const
  const ways =
    providers.length > 0 &&
    html`
<div class="or">${say(page, 'or')}</div>
${renderProviders(page, providers, returnTo)}`
  return {
    title,
    content: renderForm(page, form, html`<h1>${title}</h1>`, filled, ways),
    links: [html`<a href="${link(page, `pages/login${returnQuery(returnTo)}`)}">${say(page, 'sign-up.sign-in')}</a>`]
  }
}

/** Says that an address has to be confirmed before its owner can sign in. */
export function unverifiedView(page: PageContext, returnTo: string | undefined): View {
  const message = { title: 'mail.title', text: 'sign-up.verify' } as const
  return {
    title: say(page, message.title),
    content: renderNote(page, message),
    links: [signInLink(page, returnTo), resendLink(page, returnTo)]
  }
}
