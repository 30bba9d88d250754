import type { Problem } from '../errors.ts'
import type { AccountNames } from '../schemas/users.ts'
import { EMAIL } from './fields.ts'
import { type Field, type Form, type FormErrors, renderForm, renderMessage, renderProblem } from './form.ts'
import { type Html, html } from './html.ts'
import { type PageContext, say } from './layout.ts'
import { describeErrors } from './problems.ts'
import type { TextKey } from './texts.ts'

/** The link that a form is for. */
export interface FormLink {
  names: AccountNames
  email: string
}

/** The form behind a link in a mail. */
export interface LinkForm<Link extends FormLink> {
  /** The path of the form from the root of the service. */
  action: string
  title: TextKey
  /** Describes the action, and the account and address that it concerns. */
  intro(page: PageContext, link: Link): Html
  /** The fields beside the token. */
  fields?: Field[] | ((link: Link | undefined) => Field[])
  button: TextKey
  /** Another form for the same token, below the first. */
  beside?: { title: TextKey; text: TextKey; form: Form }
}

/** A message that takes the place of a form. */
export interface Message {
  title: TextKey
  text: TextKey
}

/** How to go on without the link: with a form that requests another mail, if there can be one. */
export interface Renewal {
  text: TextKey
  form?: Form
}

/** A form that asks for another mail. */
export const askAgain = (action: string): Form => ({ action, fields: [EMAIL], button: 'mail.again' })

/** What a form is filled with. */
interface Filling {
  token: string
  values?: Record<string, unknown>
  errors?: FormErrors
}

export function renderLinkForm<Link extends FormLink>(
  page: PageContext,
  { action, title, intro, button, beside, ...rest }: LinkForm<Link>,
  link: Link | undefined,
  { token, ...filling }: Filling
): Html {
  const above = html`<h1>${say(page, title)}</h1>
${link && intro(page, link)}`
  const { username, email } = link?.names ?? {}
  const account = username ?? email ?? link?.email
  const hidden = { token }
  const fields = fieldsOf(rest, link)
  const form = renderForm(page, { action, fields, button, hidden }, above, { ...filling, account })
  if (!beside) return form
  const other = html`<h2>${say(page, beside.title)}</h2>
<p>${say(page, beside.text)}</p>`
  return html`${form}
${renderForm(page, { ...beside.form, hidden }, other)}`
}

/** Renders a refusal: the form again with what is wrong, or the problem alone if sending the form again cannot help. */
export function renderRefusal<Link extends FormLink>(
  page: PageContext,
  form: LinkForm<Link>,
  link: Link | undefined,
  values: Record<string, unknown>,
  problem: Problem
): Html {
  const { token } = values
  const errors = describeErrors(page, problem, typeof token === 'string' ? fieldsOf(form, link) : [])
  const isTaken = problem.code === 'ACCOUNT_EXISTS' && Object.keys(errors.fields).length === 0
  if (typeof token === 'string' && !isTaken) return renderLinkForm(page, form, link, { token, values, errors })
  return renderProblem(say(page, form.title), errors.summary)
}

const fieldsOf = <Link extends FormLink>({ fields = [] }: Pick<LinkForm<Link>, 'fields'>, link: Link | undefined) =>
  typeof fields === 'function' ? fields(link) : fields

export const renderNote = (page: PageContext, { title, text }: Message): Html =>
  renderMessage(say(page, title), say(page, text))

/** A link that has expired or was used before. */
export const renderExpired = (page: PageContext, renewal: Renewal): Html =>
  html`${renderNote(page, { title: 'link.expired', text: 'link.expired.text' })}
${renderRenewal(page, renewal)}`

/** A link without a complete token. */
export const renderIncomplete = (page: PageContext, renewal: Renewal): Html =>
  html`${renderNote(page, { title: 'link.incomplete', text: 'link.incomplete.text' })}
${renderRenewal(page, renewal)}`

function renderRenewal(page: PageContext, { text, form }: Renewal): Html {
  const intro = html`<p>${say(page, text)}</p>`
  return form ? renderForm(page, form, intro) : html`<div class="card">${intro}</div>`
}
