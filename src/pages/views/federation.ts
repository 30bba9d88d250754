import { returnQuery } from '../../http/return-to.ts'
import { EMAIL, USERNAME } from '../fields.ts'
import { type Field, type FormErrors, renderFault, renderForm } from '../form.ts'
import { type Html, html } from '../html.ts'
import { link, type PageContext, say, type View } from '../layout.ts'
import type { KeysOf, TextKey } from '../texts.ts'

/** A way to a provider. */
export interface Way {
  /** The label of the provider. */
  label: string
  /** Where to go on, as it was given. */
  returnTo?: string | undefined
}

/** Says that a way failed, in one sentence, with a way back. */
export function federationFailedView(
  page: PageContext,
  { label, returnTo, text, isLink = false }: Way & { text: KeysOf<'federation'>; isLink?: boolean }
): View {
  const title = say(page, 'federation.failed.title')
  const back = isLink
    ? html`<a href="${link(page, 'pages/account')}">${say(page, 'account.title')}</a>`
    : html`<a href="${link(page, `pages/login${returnQuery(returnTo)}`)}">${say(page, 'federation.back')}</a>`
  return {
    title,
    content: html`<div class="card"><h1>${title}</h1>
${renderFault(say(page, text, { provider: label }))}</div>`,
    links: [back],
    failed: true
  }
}

/** Asks the owner of an account to sign in once as usual, to link a provider. */
export function federationAskView(page: PageContext, { label, returnTo }: Way): View {
  const title = say(page, 'federation.ask.title')
  return {
    title,
    content: html`<div class="card"><h1>${title}</h1>
<p>${say(page, 'federation.ask', { provider: label })}</p>
<p><a class="button" href="${link(page, `pages/login${returnQuery(returnTo)}`)}">${say(page, 'sign-in.title')}</a></p></div>`
  }
}

/** The names that a new account is asked for. */
export function federationFields(asks: 'username' | 'email' | 'both'): Field[] {
  if (asks === 'username') return [USERNAME]
  const username: Field = { ...USERNAME, label: 'sign-up.username.optional', optional: true }
  if (asks === 'email') return [EMAIL, username]
  return [{ ...EMAIL, label: 'sign-up.email.optional', optional: true }, username]
}

/** Asks for the name of a new account. */
export function federationNameView(
  page: PageContext,
  given: { label: string; fields: Field[]; values?: Record<string, unknown>; errors?: FormErrors }
): View {
  const { label, fields, ...filled } = given
  const title = say(page, 'federation.name.title')
  const intro = html`<h1>${title}</h1>
<p>${say(page, 'federation.name', { provider: label })}</p>`
  const form = { action: 'pages/register/provider', fields, button: 'sign-up.button' } as const
  return { title, content: renderForm(page, form, intro, filled) }
}

/** A provider with a button. */
export interface ProviderButton {
  id: string
  label: string
}

/** Renders the links that sign in with each provider. */
export function renderProviders(page: PageContext, providers: readonly ProviderButton[], returnTo?: string): Html[] {
  const text: TextKey = 'federation.sign-in'
  return providers.map(
    ({ id, label }) =>
      html`<p><a class="button quiet full" href="${link(page, `federation/${id}${returnQuery(returnTo)}`)}">${say(page, text, { provider: label })}</a></p>\n`
  )
}
