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
  /** Whether the browser offers passkeys where a name is typed. The page must be one that can be loaded again. */
  autofill?: boolean
}

/** @param fields before the button */
export function renderPasskeyForm(page: PageContext, form: PasskeyForm, fields?: Content): Html {
  const { action, ceremony, options, seconds, button, hidden = {}, look, autofill } = form
  return html`<form hidden method="post" action="${link(page, action)}" data-passkey="${ceremony}" data-options="${JSON.stringify(options)}" data-seconds="${String(seconds)}"${autofill && html` data-autofill`}>
${renderHidden(hidden)}<input type="hidden" name="credential">
${fields}<p class="fault" role="alert" hidden>${say(page, 'passkey.stopped')}</p>
<button class="full${look && ` ${look}`}">${say(page, button)}</button>
</form>`
}
