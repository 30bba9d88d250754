import { returnQuery } from '../http/return-to.ts'
import { renderHidden } from './form.ts'
import { type Content, type Html, html } from './html.ts'
import { withoutBidiControls } from './languages.ts'
import { link, type PageContext, say } from './layout.ts'
import type { TextKey } from './texts.ts'

/** A thing in a list, with what can be done with it. */
export interface Row {
  what: string
  /** A short word beside it, such as "on". */
  tag?: string | undefined
  /** Shown below it. */
  details?: string | undefined
  buttons?: Content
}

/** Renders a card with a heading. */
export const renderSection = (heading: string, content: Content): Html => html`<section class="card">
<h2>${heading}</h2>
${content}
</section>`

export const renderRow = ({ what, tag, details, buttons }: Row): Html => html`<div class="row">
<div class="what"><p class="name"><bdi>${withoutBidiControls(what)}</bdi>${tag !== undefined && html` <span class="tag">${tag}</span>`}</p>${
  details !== undefined &&
  html`
<p class="pale">${details}</p>`
}</div>
${buttons && html`<div class="buttons">${buttons}</div>`}
</div>`

/** A link that looks like a button. */
export interface LinkButton {
  /** The path from the root of the service. */
  to: string
  text: TextKey
  /** What it concerns: buttons of a list need names of their own (WCAG 2.4.6). */
  of: string
  look?: 'quiet' | 'danger'
}

export const renderLinkButton = (page: PageContext, { to, text, of, look = 'quiet' }: LinkButton): Html =>
  html`<a class="button ${look}" href="${link(page, to)}" aria-label="${say(page, text)}: ${of}">${say(page, text)}</a>`

/** A form that is one button. */
export interface FormButton extends Omit<LinkButton, 'to'> {
  /** The path from the root of the service. */
  action: string
  hidden?: Record<string, string>
}

export function renderFormButton(
  page: PageContext,
  { action, hidden = {}, text, of, look = 'quiet' }: FormButton
): Html {
  return html`<form method="post" action="${link(page, action)}">${renderHidden(hidden)}<button class="${look}" aria-label="${say(page, text)}: ${of}">${say(page, text)}</button></form>`
}

/**
 * A link to the sign-in, below a page that leaves nothing else to do.
 *
 * @param returnTo where to go on from there
 */
export const signInLink = (page: PageContext, returnTo?: string, text: TextKey = 'sign-in.title'): Html =>
  html`<a href="${link(page, `pages/login${returnQuery(returnTo)}`)}">${say(page, text)}</a>`

/** A link to the page that sends the mail which confirms an address again. */
export const resendLink = (page: PageContext, returnTo: string | undefined): Html =>
  html`<a href="${link(page, `pages/email/resend${returnQuery(returnTo)}`)}">${say(page, 'problem.unverified.link')}</a>`

/** The action that was just completed. */
export const renderDone = (text: string): Html => html`<p class="done" role="status">${text}</p>`
