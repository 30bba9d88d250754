import { test } from 'tap'
import { sql } from '../../../../src/database/sql.ts'
import { bearer, build, cutOff, PASSWORD, post, testClock } from '../../../helpers/app.ts'
import { recorded } from '../../../helpers/enrolled.ts'
import { letters } from '../../../helpers/letters.ts'
import { meanwhile } from '../../../helpers/meanwhile.ts'
import { removePassword } from '../../../helpers/no-password.ts'
import { readPage } from '../../../helpers/page.ts'
import { browserOf } from '../../../helpers/page-account.ts'
import { giveApp } from '../../../helpers/second-factor.ts'

const url = '/pages/account/password'
const NEXT = 'an even better horse battery staple'

test('/pages/account/password', async (t) => {
  const fastify = await build(t, { environment: { LIMITS: 'on' } })
  const { browser, user, token } = await browserOf(fastify, { email: 'ada@example.com' })
  const inputs = ['current_password', 'new_password']

  await t.test('asks for the current password and the new one', async (t) => {
    const response = await browser.get(url)
    t.strictSame(readPage(response), {
      statusCode: 200,
      text: 'Change the password You stay signed in here. Every other session ends. Current password New password At least 8 characters. A few words that you can remember are good. Change the password Back to your account',
      inputs
    })
    t.match(response.body, '<input hidden type="text" autocomplete="username" value="ada@example.com" readonly>')
    t.match(response.body, 'name="current_password" type="password" autocomplete="current-password" required')
    t.match(response.body, 'name="new_password" type="password" autocomplete="new-password" required')
  })

  await t.test('says what is wrong', async (t) => {
    const cases: [fields: Record<string, string>, statusCode: number, text: RegExp][] = [
      [{}, 400, /New password Fill this in\./],
      [{ new_password: NEXT }, 400, /Current password Fill this in\./],
      [{ current_password: PASSWORD }, 400, /New password Fill this in\./],
      [{ current_password: PASSWORD, new_password: 'short' }, 400, /The password must have at least 8 characters\./],
      [{ current_password: PASSWORD, new_password: 'password' }, 400, /This password is on a list of common ones\./],
      [{ current_password: PASSWORD, new_password: 'ada@example.com' }, 400, /must not be your name or address\./],
      [{ current_password: 'wrong', new_password: NEXT }, 401, /Current password The password is wrong\./]
    ]
    for (const [fields, statusCode, text] of cases) {
      const response = await browser.submit(url, fields)
      t.match(readPage(response), { statusCode, text, inputs })
      t.notMatch(response.body, /value="(correct|an even|short|wrong|password")/)
    }
    const restore = cutOff(fastify)
    const away = await browser.submit(url, { current_password: PASSWORD, new_password: NEXT })
    restore()
    t.match(readPage(away), { statusCode: 503, text: /The service is busy at the moment\./, inputs })
    t.match(readPage(await browser.submit(url, { new_password: 'x'.repeat(20_000) })), { statusCode: 413, inputs })
  })

  await t.test('changes nothing in the name of a session that ends meanwhile', async (t) => {
    const { browser: late, user } = await browserOf(fastify, { username: 'late' })
    const end = sql`UPDATE sessions SET ended_at = now(), end_reason = 'logged out' WHERE user_id = ${user.id}`
    meanwhile(fastify, 2, () => fastify.database.open().query(end))
    const response = await late.submit(url, { current_password: PASSWORD, new_password: NEXT })
    t.match(readPage(response), {
      statusCode: 401,
      text: 'Sign in You have been signed out. Nothing was changed. Sign in'
    })
    t.equal((await post(fastify, '/login', { username: 'late', password: PASSWORD })).statusCode, 200)
  })

  await t.test('changes it, ends the other sessions, and keeps this one', async (t) => {
    await letters(fastify)
    await recorded(fastify)
    await fastify.database.open().query(sql`UPDATE users SET email_verified = true`)
    const response = await browser.submit(url, { current_password: PASSWORD, new_password: NEXT })
    t.strictSame([response.statusCode, response.headers.location], [303, '../../pages/account?done=password'])
    t.match(response.headers['set-cookie'], /^latchkey_device=/)
    t.match(readPage(await browser.get('/pages/account?done=password')).text, /The password was changed\. .* this one/)
    t.equal((await fastify.inject({ url: '/me', headers: bearer(token) })).statusCode, 401)
    t.match(await letters(fastify), [{ template: 'password-changed', recipient: 'ada@example.com' }])
    t.match(await recorded(fastify), [{ action: 'password changed', account: user.id, session: String }])
    t.equal((await post(fastify, '/login', { email: 'ada@example.com', password: NEXT })).statusCode, 200)
  })
})

test('/pages/account/password after a sign-in with two factors', async (t) => {
  const clock = testClock()
  const fastify = await build(t, { clock })
  const { browser, user } = await browserOf(fastify, { username: 'ada' })
  const app = await giveApp(fastify, user.id)
  const { body } = await browser.submit('/pages/login', { name: 'ada', password: PASSWORD })
  const [, mfa_token = ''] = /name="mfa_token" value="([^"]*)"/.exec(body) ?? []
  await browser.submit('/pages/login/mfa', { mfa_token, totp: app.code(1) })

  await t.test('does not ask for the current password', async (t) => {
    t.match(readPage(await browser.get(url)), { statusCode: 200, inputs: ['new_password'] })
    const refused = await browser.submit(url, { new_password: 'short' })
    t.match(readPage(refused), { statusCode: 400, inputs: ['new_password'] })
    const restore = cutOff(fastify)
    const away = await browser.submit(url, { new_password: NEXT })
    restore()
    t.match(readPage(away), { statusCode: 503, text: /The service is busy/, inputs: ['new_password'] })
    const changed = await browser.submit(url, { new_password: NEXT })
    t.strictSame([changed.statusCode, changed.headers.location], [303, '../../pages/account?done=password'])
  })

  await t.test('leads to the step-up later, if a second step is required', async (t) => {
    clock.advance(601)
    for (const response of [await browser.get(url), await browser.submit(url, { new_password: PASSWORD })]) {
      t.strictSame(
        [response.statusCode, response.headers.location],
        [303, '../../pages/step-up?return_to=%2Fpages%2Faccount%2Fpassword']
      )
    }
  })

  await t.test('asks for the current password later, if none is', async (t) => {
    await fastify.database.open().query(sql`UPDATE users SET mfa_required = false`)
    const inputs = ['current_password', 'new_password']
    const shown = await browser.get(url)
    t.match(readPage(shown), {
      statusCode: 200,
      text: /I do not know the current password Back to your account$/,
      inputs
    })
    t.match(shown.body, '<a href="../../pages/step-up?return_to=%2Fpages%2Faccount%2Fpassword">')
    const refused = await browser.submit(url, { new_password: PASSWORD })
    t.match(readPage(refused), { statusCode: 400, text: /Current password Fill this in\./, inputs })
    const changed = await browser.submit(url, { current_password: NEXT, new_password: PASSWORD })
    t.equal(changed.statusCode, 303)
  })

  await t.test('sets the first one of an account without a password, in a fresh session', async (t) => {
    const { browser, user } = await browserOf(fastify, { username: 'bare' })
    await removePassword(fastify, user.id)
    t.match(
      readPage(await browser.get('/pages/account')).text,
      'Password None. With one you can also sign in by name and'
    )
    t.strictSame(readPage(await browser.get(url)), {
      statusCode: 200,
      text: 'Set a password You stay signed in here. Every other session ends. New password At least 8 characters. A few words that you can remember are good. Set a password Back to your account',
      inputs: ['new_password']
    })
    const refused = await browser.submit(url, {})
    t.match(readPage(refused), { statusCode: 400, text: /New password Fill this in\./, inputs: ['new_password'] })
    clock.advance(601)
    for (const response of [await browser.get(url), await browser.submit(url, { new_password: NEXT })]) {
      t.strictSame(
        [response.statusCode, response.headers.location],
        [303, '../../pages/step-up?return_to=%2Fpages%2Faccount%2Fpassword']
      )
    }
    t.match(readPage(await browser.get('/pages/step-up')), {
      text: /There is no way to confirm it in this session\. Sign out, and sign in again\./,
      inputs: []
    })
    const other = await browserOf(fastify, { username: 'bare.2' })
    await removePassword(fastify, other.user.id)
    const changed = await other.browser.submit(url, { new_password: NEXT })
    t.strictSame([changed.statusCode, changed.headers.location], [303, '../../pages/account?done=password-set'])
    const { text } = readPage(await other.browser.get('/pages/account?done=password-set'))
    t.match(text, /The password was set\. Every other session has ended\..* Password Changing it signs you out/)
    t.equal((await post(fastify, '/login', { username: 'bare.2', password: NEXT })).statusCode, 200)
    t.match(readPage(await other.browser.get(url)), { inputs: ['current_password', 'new_password'] })
  })
})
