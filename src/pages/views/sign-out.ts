import { renderForm } from '../form.ts'
import { html } from '../html.ts'
import { type PageContext, say, type View } from '../layout.ts'

/** @param name of the account that is signed in */
export function signOutView(page: PageContext, name: string | undefined): View {
  const title = say(page, 'sign-out.title')
  const intro = html`<h1>${title}</h1>
${name !== undefined && html`<p>${say(page, 'sign-out.text', { name })}</p>`}`
  return { title, content: renderForm(page, { action: 'pages/logout', fields: [], button: 'sign-out.button' }, intro) }
}
