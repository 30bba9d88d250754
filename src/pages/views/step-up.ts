import type { AuthenticationChallenge } from '../../errors.ts'
import { CURRENT_PASSWORD } from '../fields.ts'
import { type FormErrors, renderBareForm, renderFault } from '../form.ts'
import { html } from '../html.ts'
import { link, type PageContext, say, type View } from '../layout.ts'
import { backToAccount } from './account-form.ts'
import { type ProviderButton, renderProviderForms } from './federation.ts'
import { renderFactorForms, writeChallenge } from './second-step.ts'

/** The page on which a user is authenticated again. */
export interface StepUpPage {
  challenge: AuthenticationChallenge
  /** The name of the account, for password managers; undefined if it cannot be read. */
  account: string | undefined
  /** Where to go on, as it was given. */
  returnTo: string | undefined
  /** What was wrong with the last answer. */
  errors?: FormErrors
  /** The field that was filled in last, whose form then shows the errors. */
  tried?: 'password' | 'totp' | 'recovery_code' | undefined
  /** Whether the page can be loaded again, which gives it another challenge. */
  renew?: boolean
  /** The providers of an account that has no factor. */
  providers?: readonly ProviderButton[]
}

const ACTION = 'pages/step-up'

export function stepUpView(page: PageContext, given: StepUpPage): View {
  const { challenge, account, returnTo, errors, tried, renew = false, providers = [] } = given
  const { factors } = challenge
  const title = say(page, 'step-up.title')
  const hidden = { challenge: writeChallenge(challenge), return_to: returnTo }
  const atProviders = { action: ACTION, button: 'federation.sign-in', hidden: { return_to: returnTo } } as const
  const hasPassword = factors.includes('password')
  const others = factors.filter((factor) => factor !== 'password')
  const password = { action: ACTION, fields: [CURRENT_PASSWORD], button: 'step-up.button', hidden } as const
  // Without its form, such as that of a password which is not enough any more, they are shown above the others.
  const place = tried && factors.includes(tried) ? tried : undefined
  const forms = {
    action: ACTION,
    challenge: { ...challenge, factors: others },
    hidden,
    errors: place === 'totp' || place === 'recovery_code' ? errors : undefined,
    isRecovery: place === 'recovery_code',
    renew
  }
  return {
    title,
    content: html`<div class="card"><h1>${title}</h1>
<p>${say(page, 'step-up.text')}</p>
${errors && !place && renderFault(errors.summary)}
${hasPassword && renderBareForm(page, password, { account, errors: place === 'password' ? errors : undefined })}
${hasPassword && others.includes('totp') && html`<div class="or">${say(page, 'or')}</div>`}
${hasPassword && !others.includes('totp') && others.includes('passkey') && html`<div class="or" data-with-passkey hidden>${say(page, 'or')}</div>`}
${renderFactorForms(page, forms)}
${factors.length === 0 && (providers.length > 0 ? renderProviderForms(page, providers, atProviders) : leave(page))}</div>`,
    links: [backToAccount(page)],
    script: true
  }
}

/** What is shown if the session cannot be raised to the level that the account requires. */
export function stepUpImpossibleView(page: PageContext, fault?: string): View {
  const title = say(page, 'step-up.title')
  return {
    title,
    content: html`<div class="card"><h1>${title}</h1>
${fault === undefined ? leave(page) : renderFault(fault)}</div>`
  }
}

const leave = (page: PageContext) => html`<p>${say(page, 'step-up.none')}</p>
<p><a class="button" href="${link(page, 'pages/logout')}">${say(page, 'sign-out.title')}</a></p>`
