import { test } from 'tap'
import { build, testClock } from '../../../helpers/app.ts'
import { enrolPasskey } from '../../../helpers/enrolled.ts'
import { hiddenOf, readPage } from '../../../helpers/page.ts'
import { signInOnPage } from '../../../helpers/page-account.ts'
import { begin, guards, redirect, redirectOf } from '../../../helpers/page-factors.ts'
import { recorded } from '../../../helpers/passkeys.ts'
import { giveApp } from '../../../helpers/second-factor.ts'

const url = '/pages/account/recovery-codes'
const TEXT =
  'Recovery codes If you lose your phone, a recovery code takes the place of the app or the passkey after your password. Each works once.'
const codesIn = (body: string) => [...body.matchAll(/<li>([0-9a-z-]{11})<\/li>/g)].map(([, code]) => String(code))

test('the page of the recovery codes', async (t) => {
  const clock = testClock()
  const fastify = await build(t, { clock })

  await t.test('says how many are left, and makes new ones, which it shows once', async (t) => {
    const { browser, user } = await begin(fastify)
    const app = await giveApp(fastify, user.id, { required: false })
    t.strictSame(readPage(await browser.get(url)), {
      statusCode: 200,
      text: `${TEXT} Left: 10 of 10 The codes that you have stop working when you make new ones. Make new codes Back to your account`,
      inputs: []
    })
    await recorded(fastify)
    const made = await browser.submit(url, {})
    const codes = codesIn(made.body)
    t.match(readPage(made), { statusCode: 200, text: /^Your recovery codes Write them down.* I have saved them$/ })
    t.equal(new Set(codes).size, 10)
    t.match(await recorded(fastify), [{ action: 'recovery codes made', account: user.id }])
    const used = await browser.submit('/pages/step-up', { recovery_code: String(codes[0]) })
    t.strictSame(redirectOf(used), redirect('../pages/account'))
    const old = await browser.submit('/pages/step-up', { recovery_code: String(app.codes[0]) })
    t.match(readPage(old), { statusCode: 401, text: /This code is wrong, or was already used\./ })
    t.match(readPage(await browser.get(url)).text, /Left: 9 of 10/)
  })

  await t.test('does not speak of old codes if there are none', async (t) => {
    const { browser, user } = await begin(fastify)
    await enrolPasskey(fastify.database.open(), user.id)
    t.equal(readPage(await browser.get(url)).text, `${TEXT} Left: 0 of 10 Make new codes Back to your account`)
    t.equal(codesIn((await browser.submit(url, {})).body).length, 10)
  })

  await t.test('needs a factor that they can take the place of', async (t) => {
    const { browser } = await begin(fastify)
    const text = `${TEXT} You get them with an authenticator app or a passkey. Set one up first. Back to your account`
    t.strictSame(readPage(await browser.get(url)), { statusCode: 200, text, inputs: [] })
    t.strictSame(readPage(await browser.submit(url, {})), { statusCode: 403, text, inputs: [] })
  })

  await t.test('voids a sign-in that waits for its second step', async (t) => {
    const { browser, user } = await begin(fastify)
    const app = await giveApp(fastify, user.id)
    await browser.submit('/pages/step-up', { totp: app.code(1) })
    const other = await signInOnPage(browser, { username: user.username })
    const step = { mfa_token: String(hiddenOf(other, 'mfa_token')), challenge: String(hiddenOf(other, 'challenge')) }
    t.equal((await browser.submit(url, {})).statusCode, 200)
    const late = await browser.submit('/pages/login/mfa', { ...step, recovery_code: String(app.codes[1]) })
    t.match(readPage(late), { statusCode: 401, text: /^Sign in This sign-in cannot be continued\. Sign in again\./ })
  })

  await guards(t, { fastify, clock, url, title: 'Recovery codes' })
})
