import { test } from 'tap'
import {
  accountLine,
  type Form,
  renderBareForm,
  renderFault,
  renderField,
  renderForm,
  renderHidden,
  renderMessage
} from '../../../src/pages/form.ts'
import { html } from '../../../src/pages/html.ts'
import { pageContext } from '../../helpers/page.ts'

const PAGE = pageContext()

const FORM: Form = {
  action: 'pages/go',
  fields: [
    { name: 'nick', label: 'username', type: 'text', autocomplete: 'username', optional: true, verbatim: true },
    {
      name: 'pass',
      label: 'password',
      hint: { text: 'password.hint', values: { min: 8 } },
      type: 'password',
      autocomplete: 'new-password'
    },
    { name: 'code', label: 'second-step.totp', type: 'text', autocomplete: 'one-time-code', inputmode: 'numeric' }
  ],
  button: 'sign-in.button'
}

/** Without empty lines. */
const compact = (form: unknown) => String(form).replaceAll(/\n+/g, '\n')

test('a form labels each field, and tells browsers what to fill in', async (t) => {
  t.equal(
    compact(renderForm(PAGE, FORM, html`<h1>One</h1>`, {}, html`<p>After</p>`)),
    `<div class="card">
<h1>One</h1>
<form method="post" action="../pages/go">
<div class="field">
<label for="nick">Username</label>
<input id="nick" name="nick" type="text" autocomplete="username" autocapitalize="none" spellcheck="false">
</div>
<div class="field">
<label for="pass">Password</label>
<input id="pass" name="pass" type="password" autocomplete="new-password" required aria-describedby="pass-hint">
<p class="hint" id="pass-hint">At least 8 characters. A few words that you can remember are good.</p>
</div>
<div class="field">
<label for="code">Code of your authenticator app</label>
<input id="code" name="code" type="text" autocomplete="one-time-code" inputmode="numeric" required>
</div>
<button class="full">Sign in</button>
</form><p>After</p>
</div>`
  )
})

test('a checkbox is not required, and keeps what was chosen', async (t) => {
  const field = { name: 'all', label: 'or', type: 'checkbox', autocomplete: 'off', optional: true } as const
  const render = (value: unknown) => String(renderField(PAGE, field, value))
  t.equal(
    render(undefined),
    '<div class="field">\n<label class="choice"><input type="checkbox" name="all" value="true"> or</label>\n</div>\n'
  )
  t.match(render('true'), 'value="true" checked>')
})

test('a form without a card may have something before its button', async (t) => {
  const form = compact(renderBareForm(PAGE, { ...FORM, fields: [] }, {}, html`<p>Before</p>`))
  t.equal(form, `<form method="post" action="../pages/go">\n<p>Before</p>\n<button class="">Sign in</button>\n</form>`)
})

test('a button is as wide as the fields, and may be quiet or a danger', async (t) => {
  t.match(String(renderBareForm(PAGE, { ...FORM, look: 'quiet' })), '<button class="full quiet">')
  t.match(String(renderBareForm(PAGE, { ...FORM, fields: [], look: 'danger' })), '<button class="danger">')
})

test('a form carries hidden values, and the name of the account for a password manager', async (t) => {
  const form = String(renderBareForm(PAGE, { ...FORM, hidden: { token: '"', other: undefined } }, { account: '<ada>' }))
  t.match(form, '<input type="hidden" name="token" value="&quot;">')
  t.notMatch(form, 'name="other"')
  t.match(form, '<input hidden type="text" autocomplete="username" value="&lt;ada&gt;" readonly>')
  const fields = FORM.fields.filter(({ type }) => type !== 'password')
  t.notMatch(
    String(renderBareForm(PAGE, { ...FORM, fields }, { account: 'ada' })),
    'value="ada"',
    'no password, no name'
  )
})

test('hidden values are escaped, and undefined ones left out', async (t) => {
  t.equal(
    renderHidden({ 'a"': '<b>', c: undefined, d: '' }).join(''),
    '<input type="hidden" name="a&quot;" value="&lt;b&gt;"><input type="hidden" name="d" value="">'
  )
})

test('a form that was refused marks the fault, and keeps everything but secrets', async (t) => {
  const form = String(
    renderBareForm(PAGE, FORM, {
      values: { nick: '<ada>', pass: 'secret' },
      errors: { summary: 'Look & see.', fields: { pass: 'Too <short>.' } }
    })
  )
  t.match(form, '<p class="fault" role="alert">Look &amp; see.</p>')
  t.match(form, 'spellcheck="false" value="&lt;ada&gt;">')
  t.match(form, 'required aria-invalid="true" aria-describedby="pass-fault pass-hint" autofocus>')
  t.match(form, '<p class="wrong" id="pass-fault">Too &lt;short&gt;.</p>')
  t.notMatch(form, 'secret')
})

test('only the first of several invalid fields gets the focus', async (t) => {
  const errors = { summary: '', fields: { nick: 'a', pass: 'b' } }
  const form = String(renderBareForm(PAGE, FORM, { values: { nick: 5 }, errors }))
  t.equal(form.match(/ autofocus>/g)?.length, 1)
  t.equal(form.match(/ aria-invalid="true"/g)?.length, 2)
  t.notMatch(form, 'value="5"', 'a value that is no text is not shown again')
})

test('an account is named by all its names', async (t) => {
  const line = (username: string | null, email: string | null) => String(accountLine(PAGE, { username, email }))
  t.equal(line('ada', 'a&b@example.com'), '<p>Account: <strong>ada, a&amp;b@example.com</strong></p>')
  t.equal(line(null, 'ada@example.com'), '<p>Account: <strong>ada@example.com</strong></p>')
  t.equal(line('ada', null), '<p>Account: <strong>ada</strong></p>')
})

test('messages are escaped', async (t) => {
  t.equal(String(renderFault('<no>')), '<p class="fault" role="alert">&lt;no&gt;</p>')
  t.equal(String(renderMessage('A & b', '<c>')), '<div class="card"><h1>A &amp; b</h1>\n<p>&lt;c&gt;</p></div>')
})
