import { test } from 'tap'
import { accountLine, askingForm, type Form, renderForm } from '../../../src/pages/form.ts'
import { html } from '../../../src/pages/html.ts'

const FORM: Form = {
  action: 'go',
  fields: [
    {
      name: 'nick',
      label: 'Name & more',
      called: 'the name',
      type: 'text',
      autocomplete: 'username',
      optional: true
    },
    { name: 'pass', label: 'Password', called: 'the password', type: 'password', autocomplete: 'new-password' }
  ],
  button: 'Go on'
}

/** Without the lines that have nothing in them. */
const compact = (form: unknown) => String(form).replaceAll(/\n+/g, '\n')

test('a form has a label for each field, and names what a browser fills it with', (t) => {
  t.equal(
    compact(renderForm(FORM, html`<h1>One</h1>`)),
    `<form class="card" method="post" action="go">
<h1>One</h1>
<div class="field">
<label for="nick">Name &amp; more</label>
<input id="nick" name="nick" type="text" autocomplete="username">
</div>
<div class="field">
<label for="pass">Password</label>
<input id="pass" name="pass" type="password" autocomplete="new-password" required>
</div>
<button>Go on</button>
</form>`
  )
  t.match(String(renderForm({ ...FORM, quiet: true }, html``)), '<button class="quiet">')
  t.end()
})

test('a form carries its token, and the name of the account for a password manager', (t) => {
  const filling = { token: '"', account: '<ada>' }
  const form = String(renderForm(FORM, html``, filling))
  t.match(form, '<input type="hidden" name="token" value="&quot;">')
  t.match(form, '<input hidden type="text" autocomplete="username" value="&lt;ada&gt;" readonly>')
  t.notMatch(String(renderForm(askingForm('forgot', 'Go'), html``, filling)), '&lt;ada', 'where it asks for one')
  t.end()
})

test('a form that was refused marks what is at fault, and keeps what is no secret', (t) => {
  const form = String(
    renderForm(FORM, html``, {
      values: { nick: '<ada>', pass: 'secret' },
      errors: { summary: 'Look & see.', fields: { pass: 'Too <short>.' } }
    })
  )
  t.match(form, '<p class="fault" role="alert">Look &amp; see.</p>')
  t.match(form, '<input id="nick" name="nick" type="text" autocomplete="username" value="&lt;ada&gt;">')
  t.match(form, 'required aria-invalid="true" aria-describedby="pass-fault" autofocus>')
  t.match(form, '<p class="wrong" id="pass-fault">Too &lt;short&gt;.</p>')
  t.notMatch(form, 'secret')
  t.end()
})

test('only the first of several fields at fault is where typing goes on', (t) => {
  const errors = { summary: '', fields: { nick: 'a', pass: 'b' } }
  const form = String(renderForm(FORM, html``, { values: { nick: 5 }, errors }))
  t.equal(form.match(/ autofocus>/g)?.length, 1)
  t.equal(form.match(/ aria-invalid="true"/g)?.length, 2)
  t.end()
})

test('an account is named by all its names', (t) => {
  const line = (username: string | null, email: string | null) => String(accountLine({ username, email }))
  t.equal(line('ada', 'a&b@example.com'), '<p>Account: <strong>ada, a&amp;b@example.com</strong></p>')
  t.equal(line(null, 'ada@example.com'), '<p>Account: <strong>ada@example.com</strong></p>')
  t.equal(line('ada', null), '<p>Account: <strong>ada</strong></p>')
  t.end()
})
