import type { Identity } from '../../schemas/identities.ts'
import { renderRow } from '../components.ts'
import { type Html, html } from '../html.ts'
import { link, type PageContext, say } from '../layout.ts'
import { type ProviderButton, renderProviderForms } from './federation.ts'

/** How the owner of an account signs in with other providers. */
export interface AccountIdentities {
  identities: Identity[]
  providers: readonly ProviderButton[]
}

const ACTION = 'pages/account/identities'

/** Renders the accounts at other providers, each with a button that removes it, and buttons that add one. */
export function renderIdentities(page: PageContext, { identities, providers }: AccountIdentities): Html[] {
  const { language, now } = page
  const labels = new Map(providers.map(({ id, label }) => [id, label]))
  const rows = identities.map(({ id, provider, email, linked_at, last_used_at }) => {
    const label = labels.get(provider) ?? provider
    const date = language.date(new Date(linked_at))
    const remove = html`<form method="post" action="${link(page, ACTION)}">
<input type="hidden" name="identity" value="${id}">
<button class="danger" aria-label="${`${say(page, 'identities.remove')}: ${label}`}">${say(page, 'identities.remove')}</button>
</form>`
    const times =
      last_used_at === null
        ? say(page, 'identities.linked', { date })
        : say(page, 'identities.used', { date, used: language.ago(new Date(last_used_at), now) })
    return renderRow({ what: label, details: email === null ? times : `${email}, ${times}`, buttons: remove })
  })
  const none = html`<p class="pale">${say(page, 'identities.none')}</p>\n`
  const add = renderProviderForms(page, providers, { action: ACTION, button: 'identities.add' })
  return [...(rows.length > 0 ? rows : [none]), ...add]
}
