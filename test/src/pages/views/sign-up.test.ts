import { test } from 'tap'
import { signUpFields, signUpView } from '../../../../src/pages/views/sign-up.ts'
import { pageContext, textOf } from '../../../helpers/page.ts'

const PAGE = pageContext()

test('the fields of a registration: one name is enough, unless an address is required', async (t) => {
  const fields = (needsEmail: boolean) =>
    signUpFields(needsEmail, 8).map(({ name, label, optional = false }) => [name, label, optional])
  t.strictSame(fields(false), [
    ['email', 'sign-up.email.optional', true],
    ['username', 'sign-up.username.optional', true],
    ['password', 'password', false]
  ])
  t.strictSame(fields(true)[0], ['email', 'email', false])
})

test('the page on which people register leads to the sign-in, with the way back', async (t) => {
  const fields = signUpFields(false, 10)
  const { content, links = [] } = signUpView(PAGE, { fields, returnTo: 'https://app.example.com/?a=1&b=2' })
  t.equal(
    textOf(content),
    'Create an account Email address (optional) An address or a username is enough. Username (optional) Password At least 10 characters. A few words that you can remember are good. Create the account'
  )
  t.match(String(content), 'name="return_to" value="https://app.example.com/?a=1&amp;b=2"')
  t.equal(
    links.join(),
    '<a href="../pages/login?return_to=https%3A%2F%2Fapp.example.com%2F%3Fa%3D1%26b%3D2">I have an account</a>'
  )
  const plain = signUpView(PAGE, { fields, returnTo: undefined })
  t.equal(String(plain.links), '<a href="../pages/login">I have an account</a>')
  t.notMatch(String(plain.content), 'return_to')
})

test('it keeps what was typed, and shows what is wrong', async (t) => {
  const { content } = signUpView(PAGE, {
    fields: signUpFields(true, 8),
    returnTo: undefined,
    values: { email: 'ada@', password: 'secret' },
    errors: { summary: 'No.', fields: { email: 'Odd.' } }
  })
  t.match(String(content), 'value="ada@" required aria-invalid="true"')
  t.match(textOf(content), /No\. Email address Odd\./)
  t.notMatch(String(content), 'secret')
})
