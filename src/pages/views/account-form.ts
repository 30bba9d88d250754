import type { Problem } from '../../errors.ts'
import { type Form, type FormValues, renderForm } from '../form.ts'
import { type Html, html } from '../html.ts'
import { link, type PageContext, say, type View } from '../layout.ts'
import type { TextKey } from '../texts.ts'
import { problemView } from './problem.ts'

/** A form that changes the account. */
export interface AccountForm extends Form {
  title: TextKey
  text: TextKey
  /** The text of a link to a step-up, after which the page no longer asks for the current password. */
  stepUp?: TextKey | undefined
}

/** The link below a page of the account. */
export const backToAccount = (page: PageContext): Html =>
  html`<a href="${link(page, 'pages/account')}">${say(page, 'to-account')}</a>`

export function accountFormView(page: PageContext, form: AccountForm, filled: FormValues = {}): View {
  const title = say(page, form.title)
  const intro = html`<h1>${title}</h1>
<p>${say(page, form.text)}</p>`
  const query = `?${new URLSearchParams({ return_to: `/${form.action}` })}`
  const stepUp = form.stepUp && html`<a href="${link(page, `pages/step-up${query}`)}">${say(page, form.stepUp)}</a>`
  return {
    title,
    content: renderForm(page, form, intro, filled),
    links: [...(stepUp ? [stepUp] : []), backToAccount(page)]
  }
}

/** A refusal in place of a page of the account. */
export const accountProblemView = (page: PageContext, key: TextKey, problem: Problem): View => ({
  ...problemView(page, key, problem),
  links: [backToAccount(page)]
})
