import type { AccountNames } from '../schemas/users.ts'
import { type Html, html } from './html.ts'

/** An input of a form. */
export interface Field {
  /** The key in the body. */
  name: string
  label: string
  /** The name in a sentence, in lower case, such as "the new password". */
  called: string
  type: 'text' | 'password' | 'email'
  /** The value that a browser or a password manager may fill in (HTML §4.10.18.7). */
  autocomplete: 'username' | 'current-password' | 'new-password' | 'email'
  optional?: true
}

/** A form that is sent by POST. */
export interface Form {
  /** A relative URL, since the service may be reached under a path. */
  action: string
  fields: Field[]
  /** The text of the button. */
  button: string
  /** Renders a secondary button. */
  quiet?: boolean
}

/** The values of a form. */
export interface FormValues {
  token?: string | undefined
  /** The name of the account, under which a password manager stores the new password. */
  account?: string | undefined
  /** The values that were submitted last. Passwords are not shown again. */
  values?: Record<string, unknown>
  errors?: FormErrors | undefined
}

/** Renders a form in a card, with an introduction. */
export function renderForm({ action, fields, button, quiet }: Form, intro: Html, filled: FormValues = {}): Html {
  const { token, account, values = {}, errors } = filled
  const firstInvalid = fields.find(({ name }) => errors?.fields[name])
  const secret = fields.some(({ type }) => type === 'password')
  return html`<form class="card" method="post" action="${action}">
${intro}
${errors && html`<p class="fault" role="alert">${errors.summary}</p>`}
${token !== undefined && html`<input type="hidden" name="token" value="${token}">`}
${secret && account !== undefined && html`<input hidden type="text" autocomplete="username" value="${account}" readonly>`}
${fields.map((field) => renderField(field, values[field.name], errors?.fields[field.name], field === firstInvalid))}
<button${quiet && html` class="quiet"`}>${button}</button>
</form>`
}

function renderField(field: Field, value: unknown, error: string | undefined, focus: boolean): Html {
  const { name, label, type, autocomplete, optional } = field
  const kept = type !== 'password' && typeof value === 'string' && html` value="${value}"`
  const marked = error !== undefined && html` aria-invalid="true" aria-describedby="${name}-fault"`
  return html`<div class="field">
<label for="${name}">${label}</label>
<input id="${name}" name="${name}" type="${type}" autocomplete="${autocomplete}"${kept}${!optional && html` required`}${marked}${focus && html` autofocus`}>
${error !== undefined && html`<p class="wrong" id="${name}-fault">${error}</p>`}
</div>
`
}

/** A form that asks for the address to which a mail is sent. */
export const askingForm = (action: string, button: string): Form => ({
  action,
  fields: [
    { name: 'email', label: 'Email address', called: 'the email address', type: 'email', autocomplete: 'email' }
  ],
  button
})

/** Renders the names of an account. */
export function accountLine({ username, email }: AccountNames): Html {
  const names = [username, email].filter((name) => name !== null)
  return html`<p>Account: <strong>${names.join(', ')}</strong></p>`
}

/** The error messages of a page. */
export interface FormErrors {
  /** Shown above the form, or instead of it. */
  summary: string
  /** Messages by the name of the field. */
  fields: Record<string, string>
}
