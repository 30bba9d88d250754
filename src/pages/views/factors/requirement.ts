import { type FormErrors, renderFault, renderForm, renderMessage } from '../../form.ts'
import { html } from '../../html.ts'
import { type PageContext, say, type View } from '../../layout.ts'
import { backToAccount } from '../account-form.ts'

/** The page that sets whether a second step is required. */
export interface RequirementPage {
  /** Whether it is required now; undefined if that is not known. */
  required: boolean | undefined
  /** Whether the account has a factor that can be required. */
  hasFactor: boolean
  errors?: FormErrors
}

export function requirementView(page: PageContext, { required, hasFactor, errors }: RequirementPage): View {
  const title = say(page, 'mfa.title')
  const links = [backToAccount(page)]
  if (!hasFactor) return { title, content: renderMessage(title, say(page, 'mfa.none')), links }
  if (required === undefined) {
    const content = html`<div class="card"><h1>${title}</h1>
${errors && renderFault(errors.summary)}</div>`
    return { title, content, links }
  }
  const intro = html`<h1>${title}</h1>
<p>${say(page, required ? 'mfa.on' : 'mfa.off')}</p>
<p>${say(page, required ? 'mfa.turn-off.text' : 'mfa.turn-on.text')}</p>`
  const form = {
    action: 'pages/account/mfa',
    fields: [],
    hidden: { required: String(!required) },
    ...(required ? ({ button: 'mfa.turn-off', look: 'danger' } as const) : ({ button: 'mfa.turn-on' } as const))
  }
  return { title, content: renderForm(page, form, intro, { errors }), links }
}
