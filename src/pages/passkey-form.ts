import { renderHidden } from './form.ts'
import { type Content, type Html, html } from './html.ts'
import { link, type PageContext, say } from './layout.ts'
import type { TextKey } from './texts.ts'

/** A form that the script of the pages shows and sends: without scripts there are no passkeys. */
export interface PasskeyForm {
  /** The path from the root of the service. */
  action: string
  ceremony: 'get' | 'create'
  /** The options of the ceremony, in the JSON of WebAuthn. */
  options: unknown
  /** For how long the challenge is good, in seconds. */
  seconds: number
  button: TextKey
  hidden?: Record<string, string | undefined>
  look?: 'quiet'
  /** Whether the page can be loaded again, which gives it another challenge. */
  renew?: boolean
  /** Whether the browser offers passkeys where a name is typed. The page must be one that can be loaded again. */
  autofill?: boolean
}

/**
 * Renders the form, or a link to where passkeys work.
 *
 * @param fields before the button
 */
export function renderPasskeyForm(page: PageContext, form: PasskeyForm, fields?: Content): Html {
  const { action, ceremony, options, seconds, button, hidden = {}, look, autofill, renew = autofill } = form
  const { passkeysAt } = page
  if (passkeysAt !== undefined) {
    const text = say(page, 'passkey.elsewhere', { host: new URL(passkeysAt).host })
    return html`<p class="hint"><a href="${passkeysAt}">${text}</a></p>`
  }
  return html`<form hidden method="post" action="${link(page, action)}" data-passkey="${ceremony}" data-options="${JSON.stringify(options)}" data-seconds="${String(seconds)}"${renew && html` data-renew`}${autofill && html` data-autofill`}>
${renderHidden(hidden)}<input type="hidden" name="credential">
${fields}<p class="fault" role="alert" hidden>${say(page, 'passkey.stopped')}</p>${ceremony === 'create' && html`<p class="fault" role="alert" hidden>${say(page, 'passkeys.known')}</p>`}
<button class="full${look && ` ${look}`}">${say(page, button)}</button>
</form>`
}

/** Data for a method of `PublicKeyCredential` by which the script tells the browser what the service knows of its passkeys. */
export const renderSignal = (
  signal: 'signalUnknownCredential' | 'signalAllAcceptedCredentials',
  given: Record<string, unknown>
): Html => html`<div hidden data-signal="${signal}" data-signal-with="${JSON.stringify(given)}"></div>`
