import type { Session } from '../../schemas/sessions.ts'
import { renderDone, renderFormButton, renderRow } from '../components.ts'
import { renderBareForm } from '../form.ts'
import { type Html, html } from '../html.ts'
import { type PageContext, say, type View } from '../layout.ts'
import { readUserAgent } from '../user-agent.ts'
import { backToAccount } from './account-form.ts'

/** The path of the forms that end sessions. */
const ACTION = 'pages/account/sessions'

/** The same from the page with all sessions. */
const FROM_LIST = `${ACTION}?from=list`

/**
 * Renders sessions, each but the current one with a button that ends it.
 *
 * @param action of the form, whose query says which page to go back to
 */
export function renderSessions(page: PageContext, sessions: Session[], action = ACTION): Html[] {
  return sessions.map((session) => {
    const what = nameOf(page, session.user_agent)
    const hidden = { session: session.id }
    const details = describe(page, session)
    // Several sessions may be of one browser.
    const of = `${what}, ${details}`
    const button = { action, hidden, text: 'account.session.end', of, look: 'danger' } as const
    return renderRow({
      what,
      tag: session.current ? say(page, 'account.session.current') : undefined,
      details,
      buttons: !session.current && renderFormButton(page, button)
    })
  })
}

/** Renders the button that ends all sessions but the current one, if there are any. */
export const renderEndOthers = (page: PageContext, sessions: Session[], action = ACTION): Html | false =>
  sessions.some(({ current }) => !current) &&
  renderBareForm(page, { action, fields: [], button: 'account.sessions.end-others', look: 'danger' })

/** The page with all sessions. @param done what was done just before */
export function sessionsView(page: PageContext, sessions: Session[], done: string | undefined): View {
  const title = say(page, 'account.sessions')
  return {
    title,
    content: html`<h1>${title}</h1>
${done !== undefined && renderDone(done)}
<section class="card">
${renderSessions(page, sessions, FROM_LIST)}
${renderEndOthers(page, sessions, FROM_LIST)}
</section>`,
    links: [backToAccount(page)],
    wide: true
  }
}

function nameOf(page: PageContext, userAgent: string | null): string {
  const { browser, system } = readUserAgent(userAgent)
  if (browser !== undefined && system !== undefined) return say(page, 'device', { browser, system })
  return browser ?? system ?? say(page, 'device.unknown')
}

function describe(page: PageContext, { ip, created_at, last_used_at }: Session): string {
  const { language, now } = page
  const times = {
    opened: language.date(new Date(created_at)),
    used: language.ago(new Date(last_used_at), now)
  }
  return ip === null ? say(page, 'account.session.times', times) : say(page, 'account.session', { ip, ...times })
}
