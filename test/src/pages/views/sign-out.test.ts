import { test } from 'tap'
import { signedOutView, signOutView } from '../../../../src/pages/views/sign-out.ts'
import { pageContext, textOf } from '../../../helpers/page.ts'

test('the page that signs out names the account, if there is one', async (t) => {
  const page = pageContext()
  t.equal(textOf(signOutView(page, '<ada>').content), 'Sign out You are signed in as &lt;ada&gt;. Sign out')
  t.equal(textOf(signOutView(page, undefined).content), 'Sign out Sign out')
  t.match(String(signOutView(page, undefined).content), '<form method="post" action="../pages/logout">')
})

test('whoever has been signed out meanwhile is led to the sign-in', async (t) => {
  const { title, content } = signedOutView(pageContext(), 'Signed <out>.', '/pages/step-up')
  t.equal(title, 'Sign in')
  t.equal(textOf(content), 'Sign in Signed &lt;out&gt;. Sign in')
  t.match(String(content), '<a class="button" href="../pages/login?return_to=%2Fpages%2Fstep-up">')
})
