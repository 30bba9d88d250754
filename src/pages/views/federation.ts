import { returnQuery } from '../../http/return-to.ts'
import { EMAIL, USERNAME } from '../fields.ts'
import { type Field, type FormErrors, renderFault, renderForm, renderHidden } from '../form.ts'
import { type Html, html } from '../html.ts'
import { link, type PageContext, say, type View } from '../layout.ts'
import type { TextKey } from '../texts.ts'

/** A way to a provider. */
export interface Way {
  /** The label of the provider. */
  label: string
  /** Where to go on, as it was given. */
  returnTo?: string | undefined
}

/** A link back. */
export interface WayBack {
  /** The path from the root of the service. */
  path: string
  text: TextKey
}

const SIGN_IN: WayBack = { path: 'pages/login', text: 'federation.back' }

/** Says that an attempt at a provider failed, in one sentence, with a way back. */
export function federationFailedView(
  page: PageContext,
  { label = '', text, back = SIGN_IN }: { label?: string; text: TextKey; back?: WayBack }
): View {
  const title = say(page, 'federation.failed.title')
  return {
    title,
    content: html`<div class="card"><h1>${title}</h1>
${renderFault(say(page, text, { provider: label }))}</div>`,
    links: [html`<a href="${link(page, back.path)}">${say(page, back.text)}</a>`],
    failed: true
  }
}

/** Asks whoever follows a link of another site whether they want to sign in at a provider. */
export function federationConfirmView(page: PageContext, { id, label, returnTo }: Way & { id: string }): View {
  const title = say(page, 'federation.confirm.title')
  return {
    title,
    content: html`<div class="card"><h1>${title}</h1>
<p>${say(page, 'federation.confirm')}</p>
${renderProviders(page, [{ id, label }], returnTo)}</div>`
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

/** Renders a form for each provider, with a button that leads there. */
export function renderProviderForms(
  page: PageContext,
  providers: readonly ProviderButton[],
  { action, button, hidden = {} }: { action: string; button: TextKey; hidden?: Record<string, string | undefined> }
): Html[] {
  return providers.map(
    ({ id, label }) => html`<form method="post" action="${link(page, action)}">
${renderHidden({ ...hidden, provider: id })}
<button class="quiet">${say(page, button, { provider: label })}</button>
</form>\n`
  )
}
