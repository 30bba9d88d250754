import { html } from '../html.ts'
import { type PageContext, say, type View } from '../layout.ts'

/**
 * Leads to a frontend, or to a provider. A page rather than a redirect: `form-action 'self'` forbids a redirect to another origin after a
 * form (CSP Level 3 §6.4.2).
 */
export function handOverView(page: PageContext, url: string): View {
  const title = say(page, 'hand-over.title')
  return {
    title,
    content: html`<div class="card"><h1>${title}</h1>
<p><a class="button" href="${url}">${say(page, 'hand-over.link')}</a></p></div>`,
    goTo: url
  }
}
