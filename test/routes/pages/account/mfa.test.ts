import { test } from 'tap'
import { build, PASSWORD, post, testClock } from '../../../helpers/app.ts'
import { enrolPasskey } from '../../../helpers/enrolled.ts'
import { readPage } from '../../../helpers/page.ts'
import { begin, guards, redirect, redirectOf } from '../../../helpers/page-factors.ts'
import { recorded } from '../../../helpers/passkeys.ts'
import { giveApp } from '../../../helpers/second-factor.ts'

const url = '/pages/account/mfa'
const OFF =
  'Second step Your password alone signs you in. If you turn it on, other devices that have signed in with the password alone are signed out. Ask for a second step Back to your account'
const ON =
  'Second step After your password you are asked for one more step: the code of your app, a recovery code or a passkey. If you turn it off, your app and your passkeys stay, but whoever knows your password can sign in. Turn the second step off Back to your account'

test('the page of the second step', async (t) => {
  const clock = testClock()
  const fastify = await build(t, { clock })

  await t.test('turns it on and off', async (t) => {
    const { browser, user } = await begin(fastify)
    const app = await giveApp(fastify, user.id, { required: false })
    t.strictSame(readPage(await browser.get(url)), { statusCode: 200, text: OFF, inputs: ['required'] })
    await recorded(fastify)
    const on = await browser.submit(url, { required: 'true' })
    t.strictSame(redirectOf(on), redirect('../../pages/account?done=second-step-on'))
    t.match(await recorded(fastify), [{ action: 'second step required', account: user.id, detail: { count: 1 } }])
    const login = await post(fastify, '/login', { username: user.username, password: PASSWORD })
    t.match(login.json(), { code: 'MFA_REQUIRED' })

    await browser.submit('/pages/step-up', { totp: app.code(1) })
    t.strictSame(readPage(await browser.get(url)), { statusCode: 200, text: ON, inputs: ['required'] })
    const off = await browser.submit(url, { required: 'false' })
    t.strictSame(redirectOf(off), redirect('../../pages/account?done=second-step-off'))
    t.equal((await post(fastify, '/login', { username: user.username, password: PASSWORD })).statusCode, 200)
    t.equal(readPage(await browser.get(url)).text, OFF)
  })

  await t.test('shows recovery codes if there were none', async (t) => {
    const { browser, user } = await begin(fastify)
    await enrolPasskey(fastify.database.open(), user.id)
    const on = await browser.submit(url, { required: 'true' })
    t.match(readPage(on), {
      statusCode: 200,
      text: /^From now on you are asked for a second step\. Your recovery codes .* I have saved them$/
    })
    t.equal(on.body.match(/<li>/g)?.length, 10)
  })

  await t.test('needs a factor', async (t) => {
    const { browser } = await begin(fastify)
    const text = 'Second step Set up an authenticator app or a passkey first. Back to your account'
    t.strictSame(readPage(await browser.get(url)), { statusCode: 200, text, inputs: [] })
    t.strictSame(readPage(await browser.submit(url, { required: 'true' })), { statusCode: 403, text, inputs: [] })
    const off = await browser.submit(url, { required: 'false' })
    t.strictSame(redirectOf(off), redirect('../../pages/account?done=second-step-off'), 'it is off')
  })

  await t.test('takes nothing but true and false', async (t) => {
    const { browser } = await begin(fastify)
    const unread = 'The form could not be read. Open the page again, and send the form from there.'
    for (const required of ['', 'yes', 'TRUE', 'true false']) {
      const response = await browser.submit(url, { required })
      t.match(readPage(response), { statusCode: 400, text: new RegExp(`^Second step.*${unread}`) }, required)
    }
  })

  await guards(t, { fastify, clock, url, title: 'Second step', fields: { required: 'true' } })
})
