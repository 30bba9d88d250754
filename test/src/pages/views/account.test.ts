import { test } from 'tap'
import { type AccountPage, accountView } from '../../../../src/pages/views/account.ts'
import { pageContext, textOf } from '../../../helpers/page.ts'

const PAGE = pageContext({}, { path: '/pages/account' })
const GIVEN: AccountPage = {
  account: {
    id: '0198a3c2-7f00-7000-8000-000000000000',
    username: 'ada',
    email: null,
    email_verified: false,
    created_at: '2026-05-01T12:00:00.000Z',
    hasPassword: true
  },
  factors: { required: false, totp: null, passkeys: 0, recovery_codes: 0 },
  passkeys: undefined,
  sessions: [],
  hasMore: false,
  sendsMail: true,
  done: undefined
}

test('the page of an account has a section for each subject', async (t) => {
  const headingsOf = (given: Partial<AccountPage>) =>
    [...String(accountView(PAGE, { ...GIVEN, ...given }).content).matchAll(/<h[12]>([^<]*)</g)].map(([, text]) => text)
  const [names, data] = [
    ['Your account', 'About you', 'Signing in'],
    ['Where you are signed in', 'Your data']
  ]
  t.strictSame(headingsOf({}), [...names, ...data])
  t.strictSame(headingsOf({ passkeys: [] }), [...names, 'Passkeys', ...data])
})

test('the page of an account says what was done, and where the other sessions are', async (t) => {
  const { content, ...view } = accountView(PAGE, { ...GIVEN, done: 'It is <done>.', hasMore: true })
  t.strictSame(view, { title: 'Your account', wide: true })
  t.match(String(content), '<p class="done" role="status">It is &lt;done&gt;.</p>')
  t.match(String(content), '<a href="../pages/account/sessions">Show all sessions</a>')
  t.notMatch(textOf(accountView(PAGE, GIVEN).content), /It is|Show all/)
})
