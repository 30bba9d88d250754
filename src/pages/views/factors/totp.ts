import { TOTP } from '../../fields.ts'
import { type FormErrors, renderBareForm, renderProblem } from '../../form.ts'
import { html } from '../../html.ts'
import { link, type PageContext, say, type View } from '../../layout.ts'
import { backToAccount } from '../account-form.ts'
import { renderQrCode } from './qr.ts'

const BEGIN = 'pages/account/totp'
const REMOVE = 'pages/account/totp/remove'

/** The page of the authenticator app. */
export interface TotpPage {
  /** When the app was set up; undefined if there is none. */
  since?: Date | undefined
  errors?: FormErrors
}

/** Says whether there is an app, and begins to set one up. The secret is in the answer to the form. */
export function totpView(page: PageContext, { since, errors }: TotpPage): View {
  const title = say(page, 'totp.title')
  const begin = { action: BEGIN, fields: [], button: since ? 'totp.replace' : 'totp.begin' } as const
  const content = since
    ? html`<p>${say(page, 'totp.since', { date: page.language.date(since) })}</p>
<p>${say(page, 'totp.replace.text')}</p>
${renderBareForm(page, begin, { errors })}
<p><a class="button danger" href="${link(page, REMOVE)}">${say(page, 'totp.remove')}</a></p>`
    : html`<p>${say(page, 'totp.text')}</p>
<p class="pale">${say(page, 'totp.which')}</p>
${renderBareForm(page, begin, { errors })}`
  return {
    title,
    content: html`<div class="card"><h1>${title}</h1>
${content}</div>`,
    links: [backToAccount(page)]
  }
}

/** The page with a new secret. */
export interface TotpSetupPage {
  /** In base32. */
  secret: string
  /** Undefined if the account, which it names, cannot be read. */
  uri: string | undefined
  errors?: FormErrors
}

export function totpSetupView(page: PageContext, { secret, uri, errors }: TotpSetupPage): View {
  const title = say(page, 'totp.setup.title')
  const form = {
    action: 'pages/account/totp/confirm',
    fields: [{ ...TOTP, label: 'totp.setup.code' } as const],
    button: 'totp.setup.button',
    hidden: { secret }
  } as const
  return {
    title,
    content: html`<div class="card"><h1>${title}</h1>
<p>${say(page, 'totp.setup.scan')}</p>
${uri !== undefined && renderQrCode(uri, say(page, 'totp.setup.qr'))}
<p><span class="pale">${say(page, 'totp.setup.secret')}</span><br><code>${grouped(secret)}</code></p>
${uri !== undefined && html`<p><a href="${uri}">${say(page, 'totp.setup.open')}</a></p>`}
${renderBareForm(page, form, { errors })}</div>`,
    links: [html`<a href="${link(page, BEGIN)}">${say(page, 'totp.setup.again')}</a>`]
  }
}

/** In groups of four, which are easier to type. */
const grouped = (secret: string) => secret.replaceAll(/.{4}(?!$)/g, '$& ')

/** What is shown if the form came without a secret. */
export function totpSetupLostView(page: PageContext, fault: string): View {
  const title = say(page, 'totp.setup.title')
  return {
    title,
    content: renderProblem(
      title,
      fault,
      html`
<p><a class="button" href="${link(page, BEGIN)}">${say(page, 'totp.setup.again')}</a></p>`
    )
  }
}

/** The page on which the app is removed. @param isLast whether it is the only second step that the account requires */
export function totpRemovalView(
  page: PageContext,
  { isLast = false, errors }: { isLast?: boolean; errors?: FormErrors }
): View {
  const title = say(page, 'totp.remove.title')
  const form = { action: REMOVE, fields: [], button: 'totp.remove', look: 'danger' } as const
  return {
    title,
    content: html`<div class="card"><h1>${title}</h1>
<p>${say(page, 'totp.remove.text')}</p>
${isLast && html`<p>${say(page, 'mfa.last')}</p>`}
${renderBareForm(page, form, { errors })}</div>`,
    links: [backToAccount(page)]
  }
}
