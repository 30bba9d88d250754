import { type Html, html } from '../html.ts'
import { link, type PageContext, say } from '../layout.ts'

/** The link from a page of one setting back to the account. */
export const toAccount = (page: PageContext): Html =>
  html`<a href="${link(page, 'pages/account')}">${say(page, 'to-account')}</a>`
