import { hasFactor, type Mfa } from '../../schemas/mfa.ts'
import type { Passkey } from '../../schemas/passkeys.ts'
import type { User } from '../../schemas/users.ts'
import { type LinkButton, type Row, renderFormButton, renderLinkButton, renderRow } from '../components.ts'
import { type Html, html } from '../html.ts'
import { link, type PageContext, say } from '../layout.ts'
import type { TextKey } from '../texts.ts'

/** How many recovery codes are made at once. */
const CODES = 10

/** Renders the names of an account. @param sendsMail whether an address can be confirmed */
export function renderNames(page: PageContext, { username, email, email_verified }: User, sendsMail: boolean): Html[] {
  const isWaiting = email !== null && !email_verified
  const again =
    isWaiting &&
    sendsMail &&
    renderFormButton(page, { action: 'pages/account/email/resend', text: 'account.email.again', of: email })
  const change: Button = { to: 'pages/account/email', text: email === null ? 'account.add' : 'account.change' }
  return [
    renderSetting(page, 'username', {
      details: username ?? say(page, 'account.username.none'),
      button: { to: 'pages/account/username', text: username === null ? 'account.choose' : 'account.change' }
    }),
    renderSetting(page, 'email', {
      tag: email === null ? undefined : say(page, email_verified ? 'account.email.confirmed' : 'account.email.waiting'),
      details: email ?? say(page, 'account.email.none'),
      before: again,
      button: sendsMail ? change : undefined
    })
  ]
}

/** Renders the password and the second factors. @param hasPassword whether the account has a password */
export function renderFactors(page: PageContext, factors: Mfa, hasPassword: boolean): Html[] {
  const { required, totp, recovery_codes: left } = factors
  const hasStep = hasFactor(factors)
  const stepOf = (isOn: boolean): TextKey => (isOn ? 'account.second-step.on' : 'account.second-step.off')
  const rows: [boolean, Html][] = [
    [
      true,
      renderSetting(page, 'password', {
        details: say(page, hasPassword ? 'account.password' : 'account.password.none'),
        button: { to: 'pages/account/password', text: hasPassword ? 'account.change' : 'account.set-up' }
      })
    ],
    [
      true,
      renderSetting(page, 'account.totp', {
        tag: say(page, totp ? 'account.on' : 'account.off'),
        details: totp
          ? say(page, 'account.totp.since', { date: page.language.date(new Date(totp.created_at)) })
          : say(page, 'account.totp.none'),
        button: { to: 'pages/account/totp', text: totp ? 'account.change' : 'account.set-up' }
      })
    ],
    [
      hasStep,
      renderSetting(page, 'account.second-step', {
        tag: say(page, required ? 'account.on' : 'account.off'),
        details: say(page, stepOf(required)),
        button: { to: 'pages/account/mfa', text: required ? 'account.turn-off' : 'account.turn-on' }
      })
    ],
    [
      hasStep,
      renderSetting(page, 'account.recovery-codes', {
        details: say(page, 'account.recovery-codes.left', { left, all: CODES }),
        button: { to: 'pages/account/recovery-codes', text: 'account.recovery-codes.renew' }
      })
    ]
  ]
  return rows.flatMap(([isShown, row]) => (isShown ? [row] : []))
}

/** Renders the passkeys, and a link to the page that adds one. */
export function renderPasskeys(page: PageContext, passkeys: Passkey[]): Html {
  const add = html`<p><a class="button quiet" href="${link(page, 'pages/account/passkeys')}">${say(page, 'account.passkeys.add')}</a></p>`
  if (passkeys.length === 0) return html`<p class="pale">${say(page, 'account.passkeys.none')}</p>\n${add}`
  return html`${renderPasskeyRows(page, passkeys)}\n${add}`
}

/** Renders passkeys, each with links to the pages that rename and delete it. */
export function renderPasskeyRows(page: PageContext, passkeys: Passkey[]): Html[] {
  const { language, now } = page
  return passkeys.map(({ id, name, created_at, last_used_at, backup_eligible }) => {
    const added = language.date(new Date(created_at))
    const button = (text: TextKey, to: string): LinkButton => ({
      to: `pages/account/passkeys/${to}?id=${id}`,
      text,
      of: name
    })
    return renderRow({
      what: name,
      tag: say(page, backup_eligible ? 'account.passkey.synced' : 'account.passkey.one-device'),
      details:
        last_used_at === null
          ? say(page, 'account.passkey.unused', { added })
          : say(page, 'account.passkey.used', { added, used: language.ago(new Date(last_used_at), now) }),
      buttons: [
        renderLinkButton(page, button('account.passkey.rename', 'rename')),
        renderLinkButton(page, { ...button('account.passkey.delete', 'delete'), look: 'danger' })
      ]
    })
  })
}

/** Renders what a user can do with all the data of the account. */
export function renderData(page: PageContext): Html[] {
  const what = say(page, 'account.export')
  return [
    renderRow({
      what,
      details: say(page, 'account.export.text'),
      buttons: renderFormButton(page, { action: 'pages/account/export', text: 'account.export.button', of: what })
    }),
    renderSetting(page, 'account.delete', {
      details: say(page, 'account.delete.text'),
      button: { to: 'pages/account/delete', text: 'account.delete.button', look: 'danger' }
    })
  ]
}

type Button = Omit<LinkButton, 'of'>

/** A row with a name of its own, and a link to the page that changes it. */
interface Setting extends Omit<Row, 'what' | 'buttons'> {
  /** Another button, before the link. */
  before?: Html | false
  button: Button | undefined
}

function renderSetting(page: PageContext, key: TextKey, { before, button, ...row }: Setting): Html {
  const what = say(page, key)
  const link = button && renderLinkButton(page, { ...button, of: what })
  return renderRow({ ...row, what, ...((before || link) && { buttons: [before, link] }) })
}
