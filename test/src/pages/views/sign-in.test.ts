import { test } from 'tap'
import { renderPage } from '../../../../src/pages/layout.ts'
import { type SignInPage, signInView } from '../../../../src/pages/views/sign-in.ts'
import { pageContext, passkeyOptionsOf, readPage, unescapeHtml } from '../../../helpers/page.ts'

const PAGE = pageContext()
const BARE: SignInPage = { returnTo: undefined, isFirst: true, canRegister: false, canReset: false }

function render(more: Partial<SignInPage> = {}) {
  const body = renderPage(PAGE, signInView(PAGE, { ...BARE, ...more }))
  return { body, ...readPage({ statusCode: 200, body }) }
}

test('the first page of a sign-in asks for a name and a password', async (t) => {
  const { text, inputs, body } = render()
  t.equal(text, 'Sign in Email or username Password Sign in')
  t.strictSame(inputs, ['name', 'password'])
  t.match(body, '<form method="post" action="../pages/login">')
  t.match(body, '<script type="module"', 'which also keeps the form out of the history')
})

test('it leads to a registration and a new password, if there are any', async (t) => {
  const { text, body } = render({ canRegister: true, canReset: true, returnTo: '/pages/account?a=1&b' })
  t.equal(text, 'Sign in Email or username Password Forgot the password? Sign in Create an account')
  t.match(body, '<a href="../pages/password/forgot?return_to=%2Fpages%2Faccount%3Fa%3D1%26b">')
  t.match(render({ canReset: true }).body, '<a href="../pages/password/forgot">')
  t.match(body, '<a href="../pages/register?return_to=%2Fpages%2Faccount%3Fa%3D1%26b">')
  t.match(body, '<input type="hidden" name="return_to" value="/pages/account?a=1&amp;b">')
  t.match(render({ canRegister: true }).body, '<a href="../pages/register">')
})

test('it says what was done just before', async (t) => {
  const { text } = render({ done: 'All set.' })
  t.equal(text, 'Sign in All set. Email or username Password Sign in')
})

test('it leads to another mail where the address has to be confirmed first', async (t) => {
  t.match(render({ canResend: true }).body, '<a href="../pages/email/resend">Send another mail</a>')
  t.notMatch(render().body, 'pages/email/resend')
})

test('it keeps the name, and shows what is wrong', async (t) => {
  const { text, body } = render({ name: '"ada', errors: { summary: 'No.', fields: { name: 'Odd.' } }, isFirst: false })
  t.equal(text, 'Sign in No. Email or username Odd. Password Sign in')
  t.match(body, 'value="&quot;ada" required aria-invalid="true"')
})

test('it offers passkeys: by a button, and by autofill on a page that can be loaded again', async (t) => {
  const passkey = { public_key: { challenge: 'abc' }, expires_in: 300 }
  const first = render({ passkey, returnTo: '/pages/account' }).body
  t.strictSame(passkeyOptionsOf({ body: first }), { challenge: 'abc' })
  t.match(first, / data-seconds="300"[^>]* data-autofill>/)
  t.match(first, '<script type="module"')
  t.match(
    first,
    /<form hidden method="post" action="\.\.\/pages\/login\/passkey"[^>]*>\n<input type="hidden" name="return_to"/
  )
  t.notMatch(render({ passkey, isFirst: false }).body, 'data-autofill')
  t.equal(render({ passkey }).text, render().text, 'nothing of it shows without scripts')
})

test('it tells the browser of a passkey that no account has', async (t) => {
  const unknown = { rpId: 'example.com', credentialId: 'a"<b' }
  const { body, text } = render({ unknown })
  const [, data = ''] = /data-signal="signalUnknownCredential" data-signal-with="([^"]*)"/.exec(body) ?? []
  t.strictSame(JSON.parse(unescapeHtml(data)), unknown)
  t.equal(text, render().text)
})
