import { test } from 'tap'
import { html } from '../../../src/pages/html.ts'
import { renderPasskeyForm, renderSignal } from '../../../src/pages/passkey-form.ts'
import { pageContext, passkeyOptionsOf, signalIn } from '../../helpers/page.ts'

const PAGE = pageContext()
const FORM = {
  action: 'pages/login/passkey',
  ceremony: 'get',
  options: { challenge: `a"<'&` },
  seconds: 300,
  button: 'passkey.use'
} as const

test('a form for a passkey is hidden until the script shows it, and has the options as data', async (t) => {
  const form = String(renderPasskeyForm(PAGE, FORM))
  t.match(form, '<form hidden method="post" action="../pages/login/passkey" data-passkey="get" data-options="{&quot;')
  t.match(form, ' data-seconds="300">')
  t.match(form, '<input type="hidden" name="credential">')
  t.match(form, /<p class="fault" role="alert" hidden>The passkey was not used\./)
  t.match(form, '<button class="full">Use a passkey</button>')
  t.strictSame(passkeyOptionsOf({ body: form }), FORM.options)
})

test('it may carry values, have fields, be quiet, and offer passkeys where a name is typed', async (t) => {
  const more = {
    ceremony: 'create',
    hidden: { return_to: '"', other: undefined },
    look: 'quiet',
    autofill: true
  } as const
  const form = String(renderPasskeyForm(PAGE, { ...FORM, ...more }, html`<i>field</i>`))
  t.match(form, 'data-passkey="create"')
  t.match(form, / data-autofill>/)
  t.match(form, '<input type="hidden" name="return_to" value="&quot;"><input type="hidden" name="credential">')
  t.match(form, '<i>field</i><p class="fault"')
  t.match(form, '<button class="full quiet">')
})

test('at an IP address it is a link to where passkeys work', async (t) => {
  const page = { ...PAGE, passkeysAt: 'http://localhost:3000/pages/login?return_to=%2Fpages%2Faccount' }
  t.equal(
    String(renderPasskeyForm(page, FORM)),
    `<p class="hint"><a href="${page.passkeysAt}">Passkeys work at localhost:3000: open this page there</a></p>`
  )
})

test('a page that can be loaded again gets another challenge that way', async (t) => {
  t.match(String(renderPasskeyForm(PAGE, { ...FORM, renew: true })), ' data-seconds="300" data-renew>')
  t.match(String(renderPasskeyForm(PAGE, { ...FORM, autofill: true })), ' data-seconds="300" data-renew data-autofill>')
  t.notMatch(String(renderPasskeyForm(PAGE, { ...FORM, renew: false })), 'data-renew')
})

test('the script is told what it tells the browser', async (t) => {
  const given = { rpId: 'example.com', credentialId: 'a"<b>' }
  const body = String(renderSignal('signalUnknownCredential', given))
  t.match(body, /^<div hidden data-signal=/)
  t.notMatch(body, '<b>')
  t.strictSame(signalIn({ body }), { signal: 'signalUnknownCredential', ...given })
})
