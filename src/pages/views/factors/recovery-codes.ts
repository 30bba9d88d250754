import { type FormErrors, renderForm } from '../../form.ts'
import { type Html, html } from '../../html.ts'
import { link, type PageContext, say, type View } from '../../layout.ts'
import { backToAccount } from '../account-form.ts'

/** The page of the recovery codes. */
export interface RecoveryCodesPage {
  /** How many are left; undefined if it is not known. */
  left?: number
  /** Whether the account has a factor that they can take the place of. */
  hasFactor: boolean
  errors?: FormErrors
}

export function recoveryCodesView(page: PageContext, { left, hasFactor, errors }: RecoveryCodesPage): View {
  const title = say(page, 'recovery-codes.title')
  const heading = html`<h1>${title}</h1>
<p>${say(page, 'recovery-codes.text')}</p>`
  const links = [backToAccount(page)]
  if (!hasFactor) {
    const content = html`<div class="card">${heading}
<p>${say(page, 'recovery-codes.none')}</p></div>`
    return { title, content, links }
  }
  const count = left !== undefined && html`<p><strong>${say(page, 'recovery-codes.left', { count: left })}</strong></p>`
  const warning = left !== 0 && html`<p>${say(page, 'recovery-codes.void')}</p>`
  const form = { action: 'pages/account/recovery-codes', fields: [], button: 'recovery-codes.button' } as const
  return { title, content: renderForm(page, form, html`${heading}${count}${warning}`, { errors }), links }
}

/** Shows new codes, once. @param done what was done besides */
export function newCodesView(page: PageContext, codes: readonly string[], done?: Html): View {
  const title = say(page, 'recovery-codes.new')
  return {
    title,
    content: html`${done}<div class="card"><h1>${title}</h1>
<p>${say(page, 'recovery-codes.keep')}</p>
<ul class="codes">
${codes.map((code) => html`<li>${code}</li>\n`)}</ul>
<p><a class="button" href="${link(page, 'pages/account')}">${say(page, 'recovery-codes.kept')}</a></p></div>`
  }
}
