import type { AccountNames } from '../schemas/users.ts'
import { type Content, type Html, html } from './html.ts'
import { link, type PageContext, say } from './layout.ts'
import type { TextKey, TextValues } from './texts.ts'

/** An input of a form. */
export interface Field {
  /** The key in the body. */
  name: string
  label: TextKey
  /** What is said of a value that does not fit. */
  invalid?: TextKey
  /** Shown below the input. */
  hint?: { text: TextKey; values?: TextValues }
  /** A checkbox sends `true`, or nothing. */
  type: 'text' | 'password' | 'email' | 'checkbox'
  /** The value that a browser or a password manager may fill in (HTML §4.10.18.7). */
  autocomplete: string
  /** Where text that is too long must not be sent. Browsers cut off what is typed or pasted. */
  maxLength?: number | undefined
  /** The keyboard of a phone. */
  inputmode?: 'numeric'
  optional?: true
  /** Names have no language: neither spelling nor capitals are corrected. */
  verbatim?: true
}

/** A form that is sent by POST. */
export interface Form {
  /** The path from the root of the service. */
  action: string
  fields: readonly Field[]
  /** The text of the button. */
  button: TextKey
  /** How the button looks; the one of a page that goes on by default. */
  look?: 'quiet' | 'danger'
  /** Values that go along. */
  hidden?: Record<string, string | undefined>
}

/** The values of a form. */
export interface FormValues {
  /** The name of the account, under which a password manager stores the new password. */
  account?: string | undefined
  /** The values that were submitted last. Passwords are not shown again. */
  values?: Record<string, unknown>
  errors?: FormErrors | undefined
}

/** The error messages of a page. */
export interface FormErrors {
  /** Shown above the form, or instead of it. */
  summary: string
  /** Messages by the name of the field. */
  fields: Record<string, string>
}

/** Renders a form in a card, with an introduction, and with what comes after the fields and the button. */
export function renderForm(page: PageContext, form: Form, intro: Html, filled: FormValues = {}, after?: Content): Html {
  return html`<div class="card">
${intro}
${renderBareForm(page, form, filled)}${after}
</div>`
}

/** Renders a form without a card. */
export function renderBareForm(page: PageContext, form: Form, filled: FormValues = {}, beforeButton?: Content): Html {
  const { action, fields, button, look, hidden = {} } = form
  const { account, values = {}, errors } = filled
  const firstInvalid = fields.find(({ name }) => errors?.fields[name])
  const secret = fields.some(({ type }) => type === 'password')
  return html`<form method="post" action="${link(page, action)}">
${errors && renderFault(errors.summary)}
${renderHidden(hidden)}
${secret && account !== undefined && html`<input hidden type="text" autocomplete="username" value="${account}" readonly>`}
${fields.map((field) => renderField(page, field, values[field.name], errors?.fields[field.name], field === firstInvalid))}${beforeButton}
<button class="${[fields.length > 0 && 'full', look].filter(Boolean).join(' ')}">${say(page, button)}</button>
</form>`
}

/** A message that something went wrong. Screen readers read it at once. */
export const renderFault = (text: string): Html => html`<p class="fault" role="alert">${text}</p>`

/** Values that go along with a form. */
export const renderHidden = (values: Record<string, string | undefined>): Html[] =>
  Object.entries(values).flatMap(([name, value]) =>
    value === undefined ? [] : [html`<input type="hidden" name="${name}" value="${value}">`]
  )

/** Renders an input with its label. @param focus whether the page opens with the cursor in it */
export function renderField(page: PageContext, field: Field, value: unknown, error?: string, focus = false): Html {
  const { name, label, type, autocomplete, maxLength, inputmode, optional, verbatim, hint } = field
  const kept = type !== 'password' && typeof value === 'string' && html` value="${value}"`
  const described = [error !== undefined && `${name}-fault`, hint && `${name}-hint`].filter(Boolean).join(' ')
  if (type === 'checkbox') {
    return html`<div class="field">
<label class="choice"><input type="checkbox" name="${name}" value="true"${value !== undefined && html` checked`}> ${say(page, label)}</label>
</div>
`
  }
  return html`<div class="field">
<label for="${name}">${say(page, label)}</label>
<input id="${name}" name="${name}" type="${type}" autocomplete="${autocomplete}"${maxLength !== undefined && html` maxlength="${String(maxLength)}"`}${inputmode && html` inputmode="${inputmode}"`}${verbatim && html` autocapitalize="none" spellcheck="false"`}${kept}${!optional && html` required`}${error !== undefined && html` aria-invalid="true"`}${described && html` aria-describedby="${described}"`}${focus && html` autofocus`}>
${error !== undefined && html`<p class="wrong" id="${name}-fault">${error}</p>`}${hint && html`<p class="hint" id="${name}-hint">${say(page, hint.text, hint.values)}</p>`}
</div>
`
}

/** Renders the names of an account. */
export function accountLine(page: PageContext, { username, email }: AccountNames): Html {
  const names = [username, email].filter((name) => name !== null)
  return html`<p>${say(page, 'account-line')} <strong>${names.join(', ')}</strong></p>`
}

/** A problem in a card that takes the place of a form. */
export const renderProblem = (
  title: string,
  text: string,
  more?: Content
): Html => html`<div class="card"><h1>${title}</h1>
${renderFault(text)}${more}</div>`

/** A message in a card that takes the place of a form. */
export const renderMessage = (title: string, text: Content): Html => html`<div class="card"><h1>${title}</h1>
<p>${text}</p></div>`
