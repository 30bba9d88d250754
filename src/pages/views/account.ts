import type { Mfa } from '../../schemas/mfa.ts'
import type { Passkey } from '../../schemas/passkeys.ts'
import type { Session } from '../../schemas/sessions.ts'
import type { User } from '../../schemas/users.ts'
import { renderDone, renderSection } from '../components.ts'
import { renderBareForm } from '../form.ts'
import { html } from '../html.ts'
import { link, type PageContext, say, type View } from '../layout.ts'
import { type AccountIdentities, renderIdentities } from './account-identities.ts'
import { renderData, renderFactors, renderNames, renderPasskeys } from './account-rows.ts'
import { renderEndOthers, renderSessions } from './account-sessions.ts'

/** The page of an account. */
export interface AccountPage {
  account: User & { hasPassword: boolean }
  factors: Mfa
  /** Undefined where the service has no passkeys. */
  passkeys: Passkey[] | undefined
  /** The accounts at other providers; undefined if there are no providers. */
  identities?: AccountIdentities | undefined
  /** The first ones. */
  sessions: Session[]
  /** Whether there are more sessions. */
  hasMore: boolean
  /** Whether the service sends mail: without it, no address can be confirmed. */
  sendsMail: boolean
  /** The action that was just completed. */
  done: string | undefined
}

export function accountView(page: PageContext, given: AccountPage): View {
  const title = say(page, 'account.title')
  const signOut = renderBareForm(page, {
    action: 'pages/logout',
    fields: [],
    button: 'sign-out.button',
    look: 'quiet'
  })
  return {
    title,
    content: html`<div class="row"><div class="what"><h1>${title}</h1></div><div class="buttons">${signOut}</div></div>
${given.done !== undefined && renderDone(given.done)}
${renderSection(say(page, 'account.you'), renderNames(page, given.account, given.sendsMail))}
${renderSection(say(page, 'account.signing-in'), renderFactors(page, given.factors, given.account.hasPassword))}
${given.passkeys && renderSection(say(page, 'account.passkeys'), renderPasskeys(page, given.passkeys))}
${given.identities && renderSection(say(page, 'identities.title'), renderIdentities(page, given.identities))}
${renderSection(say(page, 'account.sessions'), [
  renderSessions(page, given.sessions),
  given.hasMore &&
    html`<p><a href="${link(page, 'pages/account/sessions')}">${say(page, 'account.sessions.all')}</a></p>\n`,
  renderEndOthers(page, given.sessions)
])}
${renderSection(say(page, 'account.data'), renderData(page))}`,
    wide: true
  }
}
