import { returnQuery } from '../../http/return-to.ts'
import { renderFault, renderForm } from '../form.ts'
import { html } from '../html.ts'
import { link, type PageContext, say, type View } from '../layout.ts'

/** @param name of the account that is signed in */
export function signOutView(page: PageContext, name: string | undefined): View {
  const title = say(page, 'sign-out.title')
  const intro = html`<h1>${title}</h1>
${name !== undefined && html`<p>${say(page, 'sign-out.text', { name })}</p>`}`
  return { title, content: renderForm(page, { action: 'pages/logout', fields: [], button: 'sign-out.button' }, intro) }
}

/**
 * What is shown if the session has ended meanwhile.
 *
 * @param returnTo where to go on after signing in
 */
export function signedOutView(page: PageContext, text: string, returnTo: string): View {
  const title = say(page, 'sign-in.title')
  const content = html`<div class="card"><h1>${title}</h1>
${renderFault(text)}
<p><a class="button" href="${link(page, `pages/login${returnQuery(returnTo)}`)}">${title}</a></p></div>`
  return { title, content }
}
