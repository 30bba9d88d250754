import { test } from 'tap'
import {
  totpRemovalView,
  totpSetupLostView,
  totpSetupView,
  totpView
} from '../../../../../src/pages/views/factors/totp.ts'
import { pageContext, textOf } from '../../../../helpers/page.ts'

const PAGE = pageContext({}, { path: '/pages/account/totp' })
const ERRORS = { summary: 'Not <now>.', fields: { totp: 'Wrong.' } }

test('the app is set up, or replaced and removed', async (t) => {
  const none = totpView(PAGE, {})
  t.match(textOf(none.content), /^Authenticator app An app on your phone .* Set up an app$/)
  t.notMatch(String(none.content), 'totp/remove')
  const some = totpView(PAGE, { since: new Date('2026-06-03T00:00:00Z') })
  t.match(
    textOf(some.content),
    /^Authenticator app Your app was set up on 3 June 2026\. .* Replace the app Remove the app$/
  )
  for (const view of [totpView(PAGE, { errors: ERRORS }), totpRemovalView(PAGE, { errors: ERRORS })]) {
    t.match(String(view.content), '<p class="fault" role="alert">Not &lt;now&gt;.</p>')
  }
})

test('a secret is shown as a picture and in groups of four, and goes along with its first code', async (t) => {
  const secret = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'
  const given = { secret, uri: `otpauth://totp/A:b?secret=${secret}&issuer=A`, errors: ERRORS }
  const content = String(totpSetupView(PAGE, given).content)
  t.match(content, '<code>GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ</code>')
  t.match(content, `<input type="hidden" name="secret" value="${secret}">`)
  t.match(content, `<a href="otpauth://totp/A:b?secret=${secret}&amp;issuer=A">`)
  t.match(content, '<p class="wrong" id="totp-fault">Wrong.</p>')
  t.match(textOf(totpSetupLostView(PAGE, 'Lost.').content), 'Set up an authenticator app Lost. Start again')
})

test('what else goes with the last factor is said', async (t) => {
  t.match(textOf(totpRemovalView(PAGE, { isLast: true }).content), /You have no other second step/)
  t.notMatch(textOf(totpRemovalView(PAGE, {}).content), /You have no other second step/)
})
