import type { RelyingParty } from '../../../config/relying-party.ts'
import { returnQuery } from '../../../http/return-to.ts'
import { type Passkey, PasskeyName } from '../../../schemas/passkeys.ts'
import { renderDone } from '../../components.ts'
import { type Field, type FormErrors, renderFault, renderField, renderForm, renderProblem } from '../../form.ts'
import { type Html, html } from '../../html.ts'
import { link, type PageContext, say, type View } from '../../layout.ts'
import { renderPasskeyForm, renderSignal } from '../../passkey-form.ts'
import { backToAccount } from '../account-form.ts'
import { renderPasskeyRows } from '../account-rows.ts'

/** How a passkey is added. */
export type PasskeyAdding =
  /** The account has as many as it may have. */
  | 'too many'
  /** The user has to be authenticated again first. */
  | 'step up'
  /** The options of the ceremony, and for how many seconds they can be used. */
  | { options: unknown; seconds: number }

/** The page with all passkeys of an account. */
export interface PasskeysPage {
  party: Pick<RelyingParty, 'id'>
  /** What authenticators know the account by, in base64url. */
  userHandle: string
  passkeys: Passkey[]
  adding: PasskeyAdding
  /** The action that was just completed. The browser then hides the passkeys that are not in the list. */
  done?: string | undefined
  /** The name that was typed. */
  name?: unknown
  errors?: FormErrors
}

const LIST = 'pages/account/passkeys'

const OPTIONAL_NAME: Field = {
  name: 'name',
  label: 'passkeys.name.optional',
  invalid: 'fault.passkey-name',
  hint: { text: 'passkeys.name.hint' },
  type: 'text',
  // The device makes the passkey before the service sees the name.
  maxLength: PasskeyName.maxLength,
  autocomplete: 'off',
  optional: true
}

/** The field of a new name. */
export const PASSKEY_NAME: Field = {
  name: 'name',
  label: 'passkeys.name',
  invalid: 'fault.passkey-name',
  type: 'text',
  autocomplete: 'off'
}

export function passkeysView(page: PageContext, given: PasskeysPage): View {
  const { party, userHandle, passkeys, adding, done, name, errors } = given
  const title = say(page, 'passkeys.title')
  const accepted = {
    rpId: party.id,
    userId: userHandle,
    allAcceptedCredentialIds: passkeys.map(({ credential_id }) => credential_id)
  }
  const signal = done !== undefined && renderSignal('signalAllAcceptedCredentials', accepted)
  return {
    title,
    content: html`${done !== undefined && renderDone(done)}<div class="card"><h1>${title}</h1>
<p>${say(page, 'passkeys.text')}</p>
${passkeys.length > 0 ? renderPasskeyRows(page, passkeys) : html`<p class="pale">${say(page, 'passkeys.none')}</p>`}</div>
<section class="card"><h2>${say(page, 'passkeys.add')}</h2>
${errors && renderFault(errors.summary)}${renderAdding(page, adding, name, errors)}</section>${signal}`,
    wide: true,
    links: [backToAccount(page)],
    script: true
  }
}

function renderAdding(page: PageContext, adding: PasskeyAdding, name: unknown, errors: FormErrors | undefined): Html {
  if (adding === 'too many') return html`<p>${say(page, 'passkeys.too-many')}</p>`
  if (adding === 'step up') {
    return html`<p><a class="button" href="${link(page, `pages/step-up${returnQuery(`/${LIST}`)}`)}">${say(page, 'passkeys.add')}</a></p>`
  }
  const { options, seconds } = adding
  const form = { action: LIST, ceremony: 'create', options, seconds, button: 'passkeys.add', renew: !errors } as const
  return html`${renderPasskeyForm(page, form, renderField(page, OPTIONAL_NAME, name, errors?.fields.name))}
<noscript><p>${say(page, 'passkeys.script')}</p></noscript>`
}

/** What goes along with a passkey that could not be stored. */
export interface PasskeyAnswer {
  /** As JSON. */
  credential: string | undefined
  name: string | undefined
}

/** What is shown while the passkeys cannot be read: a new passkey can be sent again, since the authenticator has it already. */
export function passkeyAgainView(page: PageContext, { credential, name }: PasskeyAnswer, errors: FormErrors): View {
  const title = say(page, 'passkeys.title')
  const form = { action: LIST, fields: [], button: 'passkeys.again', hidden: { credential, name } } as const
  const content =
    credential === undefined
      ? renderProblem(title, errors.summary)
      : renderForm(page, form, html`<h1>${title}</h1>`, { errors })
  return { title, content, links: [backToAccount(page)] }
}

/** A page that changes one passkey. */
export interface PasskeyPage {
  id: string
  /** Undefined if it is not known. */
  name?: unknown
  errors?: FormErrors
}

export function passkeyRenamingView(page: PageContext, { id, name, errors }: PasskeyPage): View {
  const title = say(page, 'passkeys.rename.title')
  const form = { action: actionOf('rename', id), fields: [PASSKEY_NAME], button: 'passkeys.rename.button' } as const
  const values = { name }
  return { title, content: renderForm(page, form, html`<h1>${title}</h1>`, { values, errors }), links: [toList(page)] }
}

/** @param isLast whether it is the only second step that the account requires */
export function passkeyDeletionView(
  page: PageContext,
  { id, name, errors, isLast }: PasskeyPage & { isLast?: boolean }
): View {
  const title =
    typeof name === 'string' ? say(page, 'passkeys.delete.title', { name }) : say(page, 'passkeys.delete.unnamed')
  const intro = html`<h1>${title}</h1>
<p>${say(page, 'passkeys.delete.text')}</p>${isLast && html`<p>${say(page, 'mfa.last')}</p>`}`
  const form = {
    action: actionOf('delete', id),
    fields: [],
    button: 'passkeys.delete.button',
    look: 'danger'
  } as const
  return { title, content: renderForm(page, form, intro, { errors }), links: [toList(page)] }
}

/** What is shown in place of a form, such as for a passkey that is gone. */
export function passkeyFaultView(page: PageContext, text: string): View {
  const title = say(page, 'passkeys.title')
  return { title, content: renderProblem(title, text), links: [toList(page)] }
}

const actionOf = (what: 'rename' | 'delete', id: string) => `${LIST}/${what}?${new URLSearchParams({ id })}`

const toList = (page: PageContext): Html => html`<a href="${link(page, LIST)}">${say(page, 'passkeys.back')}</a>`
