import type { AuthenticationChallenge } from '../../errors.ts'
import { returnQuery } from '../../http/return-to.ts'
import { RECOVERY_CODE, TOTP } from '../fields.ts'
import { type Form, type FormErrors, renderBareForm, renderFault } from '../form.ts'
import { type Html, html } from '../html.ts'
import { link, type PageContext, say, type View } from '../layout.ts'
import { renderPasskeyForm } from '../passkey-form.ts'

/** A page that asks for a factor: the second step of a sign-in, or a step-up. */
export interface FactorForms {
  /** The path of the form from the root of the service. */
  action: string
  challenge: Pick<AuthenticationChallenge, 'factors' | 'expires_in' | 'public_key'>
  /** Values that go along with each form. */
  hidden: Record<string, string | undefined>
  /** What was wrong with the last answer. */
  errors?: FormErrors | undefined
  /** Whether the last answer was a recovery code. */
  isRecovery?: boolean
  /** Whether the page can be loaded again, which gives it another challenge. */
  renew?: boolean
}

/** A challenge for a form to carry along: without the passkeys of the account, which could make the form too large. */
export function writeChallenge({ factors, expires_in, public_key }: FactorForms['challenge']): string {
  const options = public_key && { ...public_key, allowCredentials: undefined }
  return JSON.stringify({ factors, expires_in, public_key: options })
}

/** Renders a form for each factor but the password: the app first, since most people have one. */
export function renderFactorForms(page: PageContext, forms: FactorForms): Html {
  const { action, challenge, hidden, errors, isRecovery = false, renew = false } = forms
  const { factors, expires_in: seconds, public_key: options } = challenge
  const has = (factor: (typeof factors)[number]) => factors.includes(factor)
  const codes: Form = { action, fields: [TOTP], button: 'second-step.totp.button', hidden }
  const recovery: Form = {
    action,
    fields: [RECOVERY_CODE],
    button: 'second-step.recovery.button',
    look: 'quiet',
    hidden
  }
  const totpErrors = isRecovery ? undefined : errors
  return html`${has('totp') ? renderBareForm(page, codes, { errors: totpErrors }) : totpErrors && renderFault(totpErrors.summary)}
${has('totp') && has('passkey') && html`<div class="or" data-with-passkey hidden>${say(page, 'or')}</div>`}
${
  has('passkey') &&
  renderPasskeyForm(page, {
    action,
    ceremony: 'get',
    options,
    seconds,
    button: 'passkey.use',
    hidden,
    renew,
    ...(has('totp') && { look: 'quiet' })
  })
}
${
  has('recovery_code') &&
  html`<details${(isRecovery || !(has('totp') || has('passkey'))) && html` open`}><summary>${say(page, 'second-step.recovery')}</summary>
${renderBareForm(page, recovery, { errors: isRecovery ? errors : undefined })}</details>`
}`
}

/** The second step of a sign-in. */
export function secondStepView(page: PageContext, forms: FactorForms): View {
  const title = say(page, 'second-step.title')
  return {
    title,
    content: html`<div class="card">
<h1>${title}</h1>
${renderFactorForms(page, forms)}
</div>`,
    links: [
      html`<a href="${link(page, `pages/login${returnQuery(forms.hidden.return_to)}`)}">${say(page, 'second-step.cancel')}</a>`
    ],
    script: true
  }
}
