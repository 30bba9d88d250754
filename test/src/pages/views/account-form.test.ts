import { test } from 'tap'
import { Problem } from '../../../../src/errors.ts'
import { USERNAME } from '../../../../src/pages/fields.ts'
import { type AccountForm, accountFormView, accountProblemView } from '../../../../src/pages/views/account-form.ts'
import { pageContext, textOf } from '../../../helpers/page.ts'

const PAGE = pageContext({}, { path: '/pages/account/username' })
const FORM: AccountForm = {
  action: 'pages/account/username',
  title: 'account.username.title',
  text: 'account.username.text',
  fields: [USERNAME],
  button: 'account.username.button'
}
const BACK = ['<a href="../../pages/account">Back to your account</a>']

test('a form says what it is for, and leads back to the account', async (t) => {
  const { title, content, links } = accountFormView(PAGE, FORM)
  t.equal(title, 'Choose a username')
  t.match(String(content), '<h1>Choose a username</h1>\n<p>You sign in with it.')
  t.match(String(content), '<form method="post" action="../../pages/account/username">')
  t.strictSame(links?.map(String), BACK)
})

test('a form keeps what was typed, and says what was wrong', async (t) => {
  const errors = { summary: 'Check it.', fields: { username: 'It is <taken>.' } }
  const { content } = accountFormView(PAGE, FORM, { values: { username: '<ada>' }, errors })
  t.match(String(content), 'value="&lt;ada&gt;"')
  t.match(String(content), '<p class="fault" role="alert">Check it.</p>')
  t.match(String(content), 'It is &lt;taken&gt;.')
})

test('a form may lead to a step-up, and back', async (t) => {
  const { links } = accountFormView(PAGE, { ...FORM, stepUp: 'account.password.forgotten' })
  t.strictSame(links?.map(String), [
    `<a href="${PAGE.root}pages/step-up?${new URLSearchParams({ return_to: `/${FORM.action}` })}">I do not know the current password</a>`,
    ...BACK
  ])
})

test('a refusal takes the place of a page', async (t) => {
  const { title, content, links } = accountProblemView(PAGE, 'account.export', new Problem('NOT_FOUND'))
  t.equal(title, 'Download your data')
  t.equal(textOf(content), 'Download your data It is not there any more.')
  t.strictSame(links?.map(String), BACK)
})
