import { type Html, html } from './html.ts'

/** What a form asks for. */
export interface Field {
  /** Its key in the body. */
  name: string
  label: string
  /** What a sentence calls it, in lower case, such as "the new password". */
  called: string
  type: 'text' | 'password' | 'email'
  /** What a browser or a password manager fills it with (HTML §4.10.18.7). */
  autocomplete: 'username' | 'current-password' | 'new-password' | 'email'
  optional?: true
}

/** A form of a page. */
export interface Form {
  /** Relative: the service may be reached under a path. */
  action: string
  fields: Field[]
  button: string
  /** Beside the one that matters. */
  quiet?: boolean
}

/** What a form is filled with. */
export interface Filling {
  token?: string | undefined
  /** The name of the account, for a password manager to file the new password under. */
  account?: string | undefined
  /** What was sent last; of passwords nothing is shown again. */
  values?: Record<string, unknown>
  telling?: Telling | undefined
}

/** A form in a card, below what it is about. */
export function renderForm({ action, fields, button, quiet }: Form, above: Html, filling: Filling = {}): Html {
  const { token, account, values = {}, telling } = filling
  const firstWrong = fields.find(({ name }) => telling?.fields[name])
  const secret = fields.some(({ type }) => type === 'password')
  return html`<form class="card" method="post" action="${action}">
${above}
${telling && html`<p class="fault" role="alert">${telling.summary}</p>`}
${token !== undefined && html`<input type="hidden" name="token" value="${token}">`}
${secret && account !== undefined && html`<input hidden type="text" autocomplete="username" value="${account}" readonly>`}
${fields.map((field) => renderField(field, values[field.name], telling?.fields[field.name], field === firstWrong))}
<button${quiet && html` class="quiet"`}>${button}</button>
</form>`
}

function renderField(field: Field, value: unknown, wrong: string | undefined, focus: boolean): Html {
  const { name, label, type, autocomplete, optional } = field
  const kept = type !== 'password' && typeof value === 'string' && html` value="${value}"`
  const marked = wrong !== undefined && html` aria-invalid="true" aria-describedby="${name}-fault"`
  return html`<div class="field">
<label for="${name}">${label}</label>
<input id="${name}" name="${name}" type="${type}" autocomplete="${autocomplete}"${kept}${!optional && html` required`}${marked}${focus && html` autofocus`}>
${wrong !== undefined && html`<p class="wrong" id="${name}-fault">${wrong}</p>`}
</div>
`
}

/** A form that asks for an address, to send a mail to. */
export const askingForm = (action: string, button: string): Form => ({
  action,
  fields: [
    { name: 'email', label: 'Email address', called: 'the email address', type: 'email', autocomplete: 'email' }
  ],
  button
})

/** How a page names an account: by all its names. */
export function accountLine({ username, email }: { username: string | null; email: string | null }): Html {
  const names = [username, email].filter((name) => name !== null)
  return html`<p>Account: <strong>${names.join(', ')}</strong></p>`
}

/** What a page says of a problem. */
export interface Telling {
  /** What is said above the form, or in its place. */
  summary: string
  /** What is said at a field, by its name. */
  fields: Record<string, string>
}
