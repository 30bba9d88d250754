import { returnQuery } from '../../http/return-to.ts'
import { renderDone, resendLink } from '../components.ts'
import { CURRENT_PASSWORD, NAME } from '../fields.ts'
import { type FormErrors, renderBareForm } from '../form.ts'
import { html } from '../html.ts'
import { link, type PageContext, say, type View } from '../layout.ts'
import { renderPasskeyForm, renderSignal } from '../passkey-form.ts'
import { type ProviderButton, renderProviders } from './federation.ts'

/** The first page of a sign-in. */
export interface SignInPage {
  /** Where to go on, as it was given. */
  returnTo: string | undefined
  /** What was typed before. */
  name?: unknown
  errors?: FormErrors
  /** The options of a sign-in with a passkey; undefined where there are none. */
  passkey?: { public_key: unknown; expires_in: number } | undefined
  /** Whether the page can be loaded again without sending a form. */
  isFirst: boolean
  /** The id of a passkey that no account has: the browser then forgets it. */
  unknown?: { rpId: string; credentialId: string } | undefined
  /** The other providers with which people sign in. */
  providers?: readonly ProviderButton[]
  /** Whether people can register here. */
  canRegister: boolean
  /** Whether a forgotten password can be replaced: by mail. */
  canReset: boolean
  /** Whether the address has to be confirmed first, and another mail for that can be sent. */
  canResend?: boolean
  /** What was done just before. */
  done?: string | undefined
}

export function signInView(page: PageContext, given: SignInPage): View {
  const { returnTo, name, errors, passkey, isFirst, unknown, providers = [], canRegister, canReset } = given
  const { canResend = false, done } = given
  const hidden = { return_to: returnTo }
  const forgotten =
    canReset &&
    html`<p class="hint"><a href="${link(page, `pages/password/forgot${returnQuery(returnTo)}`)}">${say(page, 'sign-in.forgotten')}</a></p>`
  const form = renderBareForm(
    page,
    { action: 'pages/login', fields: [NAME, CURRENT_PASSWORD], button: 'sign-in.button', hidden },
    { values: { name }, errors },
    forgotten
  )
  const passkeyForm =
    passkey &&
    html`
<div class="or" data-with-passkey hidden>${say(page, 'or')}</div>
${renderPasskeyForm(page, {
  action: 'pages/login/passkey',
  ceremony: 'get',
  options: passkey.public_key,
  seconds: passkey.expires_in,
  button: 'passkey.sign-in',
  look: 'quiet',
  hidden,
  autofill: isFirst
})}`
  const signal = unknown && renderSignal('signalUnknownCredential', unknown)
  const title = say(page, 'sign-in.title')
  return {
    title,
    content: html`<div class="card">
<h1>${title}</h1>
${done !== undefined && renderDone(done)}${form}${passkeyForm}${signal}${
  providers.length > 0 &&
  html`
<div class="or">${say(page, 'or')}</div>
${renderProviders(page, providers, returnTo)}`
}
</div>`,
    links: [
      ...(canResend ? [resendLink(page, returnTo)] : []),
      ...(canRegister
        ? [html`<a href="${link(page, `pages/register${returnQuery(returnTo)}`)}">${say(page, 'sign-in.register')}</a>`]
        : [])
    ],
    script: true
  }
}
