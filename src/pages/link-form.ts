import type { Problem } from '../errors.ts'
import type { AccountNames } from '../schemas/users.ts'
import { type Field, type Form, type FormValues, renderForm } from './form.ts'
import { type Html, html } from './html.ts'
import { describeErrors } from './problems.ts'

/** The link that a form is for. */
export interface FormLink {
  names: AccountNames
  email: string
}

/** The form behind a link in a mail. */
export interface LinkForm<Link extends FormLink> {
  /** The last part of its path. */
  name: string
  title: string
  /** Describes the action, and the account and address that it concerns. */
  intro(link: Link): Html
  /** The fields beside the token. */
  fields?: Field[]
  button: string
  /** Another form for the same token, below the first. */
  beside?: { intro: Html; form: Form }
}

/** A message that takes the place of a form. */
export interface Message {
  title: string
  text: string
}

/** How to go on without the link: with a form that requests another mail, if there can be one. */
export interface Renewal {
  text: string
  form?: Form
}

type Token = FormValues & { token: string }

export function renderLinkForm<Link extends FormLink>(
  { name, title, intro, fields = [], button, beside }: LinkForm<Link>,
  link: Link | undefined,
  filling: Token
): Html {
  const above = html`<h1>${title}</h1>
${link && intro(link)}`
  const { username, email } = link?.names ?? {}
  const account = username ?? email ?? link?.email
  const form = renderForm({ action: name, fields, button }, above, { ...filling, account })
  return beside
    ? html`${form}
${renderForm(beside.form, beside.intro, { token: filling.token })}`
    : form
}

/** Renders a refusal: the form again with what is wrong, or the problem alone if sending the form again cannot help. */
export function renderRefusal<Link extends FormLink>(
  form: LinkForm<Link>,
  link: Link | undefined,
  values: Record<string, unknown>,
  problem: Problem
): Html {
  const { token } = values
  const errors = describeErrors(problem, typeof token === 'string' ? (form.fields ?? []) : [])
  const isTaken = problem.code === 'ACCOUNT_EXISTS' && Object.keys(errors.fields).length === 0
  if (typeof token === 'string' && !isTaken) return renderLinkForm(form, link, { token, values, errors })
  return html`<div class="card"><h1>${form.title}</h1>
<p class="fault" role="alert">${errors.summary}</p></div>`
}

export const renderMessage = ({ title, text }: Message): Html => html`<div class="card"><h1>${title}</h1>
<p>${text}</p></div>`

/** A link that has expired or was used before. */
export const renderExpired = (renewal: Renewal): Html => html`${EXPIRED}${renderRenewal(renewal)}`

/** A link without a complete token. */
export const renderIncomplete = (renewal: Renewal): Html => html`${INCOMPLETE}${renderRenewal(renewal)}`

const EXPIRED = html`<div class="card"><h1>This link has expired or was already used</h1>
<p>If a later mail has come, use the link in that one.</p></div>
`

const INCOMPLETE = html`<div class="card"><h1>This link is incomplete</h1>
<p>Part of the address is missing. Copy the whole address from the mail.</p></div>
`

const renderRenewal = ({ text, form }: Renewal): Html =>
  form ? renderForm(form, html`<p>${text}</p>`) : html`<div class="card"><p>${text}</p></div>`
