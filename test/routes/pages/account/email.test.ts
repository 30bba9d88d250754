import { test } from 'tap'
import { build, cutOff, PASSWORD, post, testClock } from '../../../helpers/app.ts'
import { recorded } from '../../../helpers/enrolled.ts'
import { letters } from '../../../helpers/letters.ts'
import { removePassword } from '../../../helpers/no-password.ts'
import { readPage } from '../../../helpers/page.ts'
import { browserOf } from '../../../helpers/page-account.ts'
import { giveApp } from '../../../helpers/second-factor.ts'

const url = '/pages/account/email'
const inputs = ['new_email', 'current_password']
const current_password = PASSWORD

test('/pages/account/email', async (t) => {
  const fastify = await build(t)
  const { browser, user } = await browserOf(fastify, { email: 'ada@example.com' })
  await letters(fastify)

  await t.test('asks for an address and the password', async (t) => {
    const response = await browser.get(url)
    t.strictSame(readPage(response), {
      statusCode: 200,
      text: 'Change your email address We send a mail to the new address. The address changes when you confirm it with the link in that mail. New email address Current password Send the mail Back to your account',
      inputs
    })
    t.match(response.body, '<input hidden type="text" autocomplete="username" value="ada@example.com" readonly>')
  })

  await t.test('says what is wrong, and keeps the address, but not the password', async (t) => {
    const new_email = 'lovelace@example.com'
    const cases: [fields: Record<string, string>, statusCode: number, text: RegExp][] = [
      [{}, 400, /New email address Fill this in\. Current password Fill this in\./],
      [{ new_email: 'ada', current_password }, 400, /Enter a complete email address/],
      [{ new_email, current_password: 'wrong' }, 401, /Check what is marked below\. .* The password is wrong\./],
      [{ new_email, current_password, extra: 'x' }, 400, /The form could not be read\./]
    ]
    for (const [fields, statusCode, text] of cases) {
      const response = await browser.submit(url, fields)
      t.match(readPage(response), { statusCode, text, inputs })
      t.notMatch(response.body, /value="(wrong|correct)/)
      if (fields.new_email) t.match(response.body, `value="${fields.new_email}"`)
    }
    const restore = cutOff(fastify)
    const away = await browser.submit(url, { new_email, current_password })
    restore()
    t.match(readPage(away), { statusCode: 503, text: /The service is busy at the moment\./, inputs })
    t.match(away.body, `value="${new_email}"`)
    t.strictSame(await letters(fastify), [])
  })

  await t.test('sends the mail', async (t) => {
    await recorded(fastify)
    const { statusCode, headers } = await browser.submit(url, { new_email: ' Ada.L@example.com ', current_password })
    t.strictSame([statusCode, headers.location], [303, '../../pages/account?done=email'])
    const page = readPage(await browser.get('/pages/account?done=email'))
    t.match(page.text, 'We have sent a mail to the new address. Follow the link in it.')
    t.match(await letters(fastify), [{ template: 'confirm-new-email', recipient: 'Ada.L@example.com' }])
    t.match(await recorded(fastify), [{ action: 'email change asked', account: user.id, session: String }])
  })
})

test('/pages/account/email leads to the step-up first, if a second step is required', async (t) => {
  const clock = testClock()
  const fastify = await build(t, { clock })
  const { browser, user } = await browserOf(fastify, { username: 'ada' })
  const app = await giveApp(fastify, user.id)
  const { body } = await browser.submit('/pages/login', { name: 'ada', password: PASSWORD })
  const [, mfa_token = ''] = /name="mfa_token" value="([^"]*)"/.exec(body) ?? []
  await browser.submit('/pages/login/mfa', { mfa_token, totp: app.code(1) })
  const fields = { new_email: 'ada@example.com', current_password }
  t.equal((await browser.get(url)).statusCode, 200)
  clock.advance(601)
  for (const response of [await browser.get(url), await browser.submit(url, fields)]) {
    t.strictSame(
      [response.statusCode, response.headers.location],
      [303, '../../pages/step-up?return_to=%2Fpages%2Faccount%2Femail']
    )
  }
  t.strictSame(await letters(fastify), [])
})

test('/pages/account/email does not ask for that otherwise', async (t) => {
  const clock = testClock()
  const fastify = await build(t, { clock })
  const { browser } = await browserOf(fastify, { username: 'ada' })
  clock.advance(601)
  const fields = { new_email: 'ada@example.com', current_password }
  t.equal((await browser.get(url)).statusCode, 200)
  t.equal((await browser.submit(url, fields)).statusCode, 303)
  await letters(fastify)

  await t.test('and asks for it alone of an account without a password', async (t) => {
    const { browser, user } = await browserOf(fastify, { username: 'grace' })
    await removePassword(fastify, user.id)
    t.match(readPage(await browser.get(url)), { statusCode: 200, inputs: ['new_email'] })
    const refused = await browser.submit(url, { new_email: 'grace' })
    t.match(readPage(refused), { statusCode: 400, text: /Enter a complete email address/, inputs: ['new_email'] })
    clock.advance(601)
    for (const response of [await browser.get(url), await browser.submit(url, { new_email: 'grace@example.com' })]) {
      t.strictSame(
        [response.statusCode, response.headers.location],
        [303, '../../pages/step-up?return_to=%2Fpages%2Faccount%2Femail']
      )
    }
    t.strictSame(await letters(fastify), [])
    const other = await browserOf(fastify, { username: 'edith' })
    await removePassword(fastify, other.user.id)
    const asked = await other.browser.submit(url, { new_email: 'edith@example.com' })
    t.strictSame([asked.statusCode, asked.headers.location], [303, '../../pages/account?done=email'])
    t.match(await letters(fastify), [{ template: 'confirm-new-email', recipient: 'edith@example.com' }])
  })
})

test('there is no page for the address where no mail can be sent', async (t) => {
  const fastify = await build(t, { environment: { PUBLIC_URL: 'https://id.example', SMTP_URL: '', MAIL_FROM: '' } })
  for (const path of [url, `${url}/resend`]) t.equal((await fastify.inject(path)).statusCode, 404)
  t.equal((await post(fastify, url, {})).statusCode, 404)
})
