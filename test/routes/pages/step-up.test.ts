import { randomBytes } from 'node:crypto'
import { test } from 'tap'
import { sql } from '../../../src/database/sql.ts'
import { build, cutOff, PASSWORD, testClock } from '../../helpers/app.ts'
import { enrolPasskey, requireStep } from '../../helpers/enrolled.ts'
import { meanwhile } from '../../helpers/meanwhile.ts'
import { createBrowser, hiddenOf, passkeyOptionsOf, readPage } from '../../helpers/page.ts'
import { addOnPage, begin, redirect, redirectOf } from '../../helpers/page-factors.ts'
import { recorded } from '../../helpers/passkeys.ts'
import { giveApp } from '../../helpers/second-factor.ts'

const url = '/pages/step-up'
const INTRO = 'Confirm that it is you Before you go on, prove once more who you are.'
const BACK = 'Back to your account'
const PASSWORD_INPUTS = ['challenge', 'return_to', 'password']
const APP = 'Code of your authenticator app Continue'
const RECOVERY = 'Use a recovery code instead Recovery code Use this code'

test('the page that authenticates again', async (t) => {
  const clock = testClock()
  const fastify = await build(t, { clock, environment: { CORS_ORIGINS: 'https://app.example.com' } })
  const target = '/pages/account/totp'

  await t.test('asks for the password, and leads on', async (t) => {
    const { browser, user } = await begin(fastify)
    clock.advance(601)
    t.equal((await browser.get(target)).statusCode, 303)
    const shown = await browser.get(`${url}?return_to=${target}`)
    t.strictSame(readPage(shown), {
      statusCode: 200,
      text: `${INTRO} Password Continue ${BACK}`,
      inputs: PASSWORD_INPUTS
    })
    t.equal(hiddenOf(shown, 'return_to'), target)
    t.match(shown.body, `autocomplete="username" value="${user.username}"`)
    await recorded(fastify)
    const answered = await browser.submit(url, {
      password: PASSWORD,
      challenge: String(hiddenOf(shown, 'challenge')),
      return_to: target
    })
    t.strictSame(redirectOf(answered), redirect('../pages/account/totp'))
    t.match(await recorded(fastify), [{ action: 'stepped up', account: user.id, detail: { method: 'password' } }])
    t.equal((await browser.get(target)).statusCode, 200)
  })

  await t.test(
    'leads to the account without another target, and asks even if nothing makes it necessary',
    async (t) => {
      const { browser } = await begin(fastify)
      const shown = await browser.get(url)
      t.strictSame(readPage(shown), {
        statusCode: 200,
        text: `${INTRO} Password Continue ${BACK}`,
        inputs: ['challenge', 'password']
      })
      t.strictSame(redirectOf(await browser.submit(url, { password: PASSWORD })), redirect('../pages/account'))
    }
  )

  await t.test('says what was wrong, and keeps all but the password', async (t) => {
    const { browser } = await begin(fastify)
    const challenge = String(hiddenOf(await browser.get(url), 'challenge'))
    const rows: [what: string, fields: Record<string, string>, statusCode: number, said: string][] = [
      ['a wrong password', { password: 'wrong' }, 401, 'Check what is marked below. Password The password is wrong.'],
      ['no answer', {}, 400, 'The form could not be read. Open the page again, and send the form from there. Password'],
      ['two answers', { password: PASSWORD, totp: '123456' }, 400, 'The form could not be read.'],
      ['an unknown field', { password: PASSWORD, more: 'x' }, 400, 'The form could not be read.'],
      [
        'a long password',
        { password: 'x'.repeat(1025) },
        400,
        'Check what is marked below. Password This is not valid.'
      ]
    ]
    for (const [what, fields, statusCode, said] of rows) {
      const refused = await browser.submit(url, { ...fields, challenge, return_to: target })
      const page = readPage(refused)
      t.strictSame([page.statusCode, page.inputs], [statusCode, PASSWORD_INPUTS], what)
      t.ok(page.text.startsWith(INTRO) && page.text.includes(said), `${what}: ${page.text}`)
      t.equal(hiddenOf(refused, 'return_to'), target)
      t.notMatch(refused.body, PASSWORD)
    }
  })

  await t.test('takes a code of the app, or a recovery code, beside the password', async (t) => {
    const { browser, user } = await begin(fastify)
    const app = await giveApp(fastify, user.id, { required: false })
    const shown = await browser.get(`${url}?return_to=${target}`)
    t.strictSame(readPage(shown), {
      statusCode: 200,
      text: `${INTRO} Password Continue or ${APP} ${RECOVERY} ${BACK}`,
      inputs: [...PASSWORD_INPUTS, 'challenge', 'return_to', 'totp', 'challenge', 'return_to', 'recovery_code']
    })
    const rows: [what: string, fields: Record<string, string>, marked: string][] = [
      ['a wrong code', { totp: app.wrong() }, 'totp'],
      ['a used code', { totp: app.used }, 'totp'],
      ['a wrong recovery code', { recovery_code: 'aaaaa-aaaaa' }, 'recovery_code']
    ]
    for (const [what, fields, marked] of rows) {
      const refused = await browser.submit(url, fields)
      t.match(readPage(refused), { statusCode: 401, text: /This code is wrong, or was already used\./ }, what)
      t.strictSame(
        [...refused.body.matchAll(/aria-describedby="(\w+)-fault"/g)].map(([, name]) => name),
        [marked],
        what
      )
      t.equal(/<details open>/.test(refused.body), marked === 'recovery_code', what)
    }
    const typed = app.code(1)
    const proven = await browser.submit(url, { totp: `${typed.slice(0, 3)} ${typed.slice(3)}`, return_to: target })
    t.strictSame(redirectOf(proven), redirect('../pages/account/totp'))
    const code = String(app.codes[0]).replace('-', ' ').toUpperCase()
    t.strictSame(redirectOf(await browser.submit(url, { recovery_code: code })), redirect('../pages/account'))
  })

  await t.test('takes no password where a second step is required', async (t) => {
    const { browser, user } = await begin(fastify)
    const app = await giveApp(fastify, user.id)
    t.strictSame(readPage(await browser.get(url)), {
      statusCode: 200,
      text: `${INTRO} ${APP} ${RECOVERY} ${BACK}`,
      inputs: ['challenge', 'totp', 'challenge', 'recovery_code']
    })
    const refused = await browser.submit(url, { password: PASSWORD })
    t.strictSame(readPage(refused), {
      statusCode: 403,
      text: `${INTRO} The password alone is not enough for this account any more. ${APP} ${RECOVERY} ${BACK}`,
      inputs: ['challenge', 'totp', 'challenge', 'recovery_code']
    })
    t.strictSame(redirectOf(await browser.submit(url, { totp: app.code(1) })), redirect('../pages/account'))
    t.equal((await browser.get(target)).statusCode, 200)
  })

  await t.test('takes a passkey', async (t) => {
    const { browser } = await begin(fastify)
    const { authenticator } = await addOnPage(browser)
    clock.advance(601)
    const shown = await browser.get(`${url}?return_to=${target}`)
    t.match(shown.body, '<div class="or" data-with-passkey hidden>or</div>')
    t.match(shown.body, /data-passkey="get" .*data-seconds="300" data-renew>/)
    const options = passkeyOptionsOf(shown)
    t.match(options, { rpId: 'localhost', allowCredentials: [{ id: authenticator.id }] })
    const evil = JSON.stringify(authenticator.get(options, { origin: 'https://evil.example' }))
    const refused = await browser.submit(url, { credential: evil, return_to: target })
    t.match(readPage(refused), {
      statusCode: 401,
      text: `${INTRO} This passkey was not accepted. Try again, or go on another way. Password Continue ${BACK}`
    })
    t.match(refused.body, /data-seconds="300">/)
    const credential = JSON.stringify(authenticator.get(passkeyOptionsOf(refused)))
    const proven = await browser.submit(url, { credential, return_to: target })
    t.strictSame(redirectOf(proven), redirect('../pages/account/totp'))
    t.equal((await browser.submit(url, { credential, return_to: target })).statusCode, 401, 'once')
    const broken = await browser.submit(url, { credential: '{"id":', return_to: target })
    t.match(readPage(broken), { statusCode: 400, text: /The form could not be read\./ })
  })

  await t.test('has no way on for a session that one more code does not make two factors of', async (t) => {
    const { browser, user } = await begin(fastify)
    const app = await giveApp(fastify, user.id)
    // A session from a passkey that was deleted since.
    await fastify.database.open().query(sql`UPDATE sessions SET amr = '{user}' WHERE user_id = ${user.id}`)
    const proven = await browser.submit(url, { totp: app.code(1), return_to: target })
    const none = 'There is no way to confirm it in this session. Sign out, and sign in again. Sign out'
    t.strictSame(readPage(proven), { statusCode: 200, text: `Confirm that it is you ${none}`, inputs: [] })
    t.match(proven.body, '<a class="button" href="../pages/logout">')
    await fastify.database.open().query(sql`DELETE FROM totp WHERE user_id = ${user.id}`)
    await fastify.database.open().query(sql`DELETE FROM recovery_codes WHERE user_id = ${user.id}`)
    t.strictSame(readPage(await browser.get(url)), { statusCode: 200, text: `${INTRO} ${none} ${BACK}`, inputs: [] })
  })

  await t.test('takes the password of an account that has the most and the longest passkeys', async (t) => {
    const { browser, user } = await begin(fastify)
    for (let count = 0; count < 20; count += 1) {
      await enrolPasskey(fastify.database.open(), user.id, { credentialId: randomBytes(1023) })
    }
    const page = await browser.get(url)
    t.equal(passkeyOptionsOf(page).allowCredentials.length, 20)
    const challenge = String(hiddenOf(page, 'challenge'))
    t.equal((await browser.submit(url, { password: 'wrong', challenge })).statusCode, 401)
    t.equal((await browser.submit(url, { password: PASSWORD, challenge })).statusCode, 303)
  })

  await t.test('leads to the sign-in without a session, and on from there', async (t) => {
    const stranger = createBrowser(fastify)
    const longest = `/pages/account?${'x'.repeat(2048 - '/pages/account?'.length)}`
    for (const return_to of [target, 'https://app.example.com/start?a=b&c', longest]) {
      const query = new URLSearchParams({ return_to })
      const expected = redirect(`../pages/login?${query}`)
      t.strictSame(redirectOf(await stranger.get(`${url}?${query}`)), expected)
      t.strictSame(redirectOf(await stranger.submit(url, { password: PASSWORD, return_to })), expected)
      t.equal((await stranger.get(`/pages/login?${query}`)).statusCode, 200)
    }
    const own = redirect(`../pages/login?${new URLSearchParams({ return_to: url })}`)
    t.strictSame(redirectOf(await stranger.submit(url, { password: PASSWORD })), own)
  })

  await t.test('keeps where it leads to when the session ends meanwhile', async (t) => {
    const { browser, user } = await begin(fastify)
    meanwhile(fastify, 1, async () => {
      const end = sql`UPDATE sessions SET ended_at = now(), end_reason = 'logged out' WHERE user_id = ${user.id}`
      await fastify.database.open().query(end)
    })
    const refused = await browser.submit(url, { password: PASSWORD, return_to: target })
    t.strictSame(readPage(refused), {
      statusCode: 401,
      text: 'Sign in You have been signed out. Nothing was changed. Sign in',
      inputs: []
    })
    t.match(refused.body, `href="../pages/login?${new URLSearchParams({ return_to: target })}"`)
  })

  await t.test('leads to no other site', async (t) => {
    const { browser } = await begin(fastify)
    const text =
      'That did not work The link that you followed asks to return to an address that is not allowed here. Go back, and try again from there.'
    for (const return_to of ['https://evil.example', '//evil.example', '/secret', 'javascript:alert(1)']) {
      const query = new URLSearchParams({ return_to })
      t.strictSame(readPage(await browser.get(`${url}?${query}`)), { statusCode: 400, text, inputs: [] }, return_to)
      const sent = await browser.submit(url, { password: PASSWORD, return_to })
      t.strictSame(readPage(sent), { statusCode: 400, text, inputs: [] }, return_to)
    }
  })

  await t.test('refuses forms of other pages', async (t) => {
    const { browser } = await begin(fastify)
    const foreign = await browser.submit(url, { password: PASSWORD }, { origin: 'https://evil.example' })
    t.match(readPage(foreign), { statusCode: 403, text: /^That did not work This form did not come from our own page/ })
  })

  await t.test('shows the form again while the database is away', async (t) => {
    const { browser, user } = await begin(fastify)
    await enrolPasskey(fastify.database.open(), user.id)
    const challenge = String(hiddenOf(await browser.get(url), 'challenge'))
    const busy = 'The service is busy at the moment. Try again in 2 seconds.'
    const comeBack = cutOff(fastify)
    const shown = await browser.get(url)
    const sent = await browser.submit(url, { password: PASSWORD, challenge, return_to: target })
    comeBack()
    t.strictSame(readPage(shown), { statusCode: 503, text: `Confirm that it is you ${busy}`, inputs: [] })
    t.strictSame(readPage(sent), {
      statusCode: 503,
      text: `${INTRO} ${busy} Password Continue ${BACK}`,
      inputs: PASSWORD_INPUTS
    })
    t.strictSame([hiddenOf(sent, 'challenge'), hiddenOf(sent, 'return_to')], [challenge, target])
    for (const [fields, statusCode, said] of [
      [{ password: PASSWORD, challenge }, 503, busy],
      [{ more: 'x', challenge }, 400, 'The form could not be read. Open the page again, and send the form from there.']
    ] as const) {
      let back = () => {}
      meanwhile(fastify, 0, async () => {
        back = cutOff(fastify)
      })
      const away = await browser.submit(url, fields)
      back()
      t.match(readPage(away), { statusCode, inputs: ['challenge', 'password'] })
      t.ok(
        readPage(away).text.startsWith(`${INTRO} ${said}`) || readPage(away).text.includes(said),
        readPage(away).text
      )
    }
    let back = () => {}
    meanwhile(fastify, 0, async () => {
      back = cutOff(fastify)
    })
    const without = await browser.submit(url, { password: PASSWORD, challenge: 'lost' })
    back()
    t.strictSame(readPage(without), { statusCode: 503, text: `Confirm that it is you ${busy}`, inputs: [] })
  })

  await t.test('notices a second step that is required only since the check', async (t) => {
    const { browser, user } = await begin(fastify)
    await giveApp(fastify, user.id, { required: false })
    meanwhile(fastify, 1, () => requireStep(fastify.database.open(), user.id))
    const refused = await browser.submit(url, { password: PASSWORD })
    t.match(readPage(refused), { statusCode: 403, inputs: ['challenge', 'totp', 'challenge', 'recovery_code'] })
  })
})

test('a step-up on the page is limited like one at the API', async (t) => {
  const fastify = await build(t, { clock: testClock({ still: true }), environment: { LIMITS: 'on' } })
  const { browser, user } = await begin(fastify)
  const app = await giveApp(fastify, user.id, { required: false })
  // A known device has guesses of its own.
  for (const name of [...browser.cookies.keys()]) if (name !== 'latchkey_session') browser.cookies.delete(name)
  for (let count = 0; count < 10; count += 1) {
    t.equal((await browser.submit(url, { totp: app.wrong() })).statusCode, 401)
  }
  const limited = await browser.submit(url, { totp: app.code(1) })
  t.match(readPage(limited), { statusCode: 429, text: /There were too many attempts\. Try again in 30 seconds\./ })
  t.equal(limited.headers['retry-after'], '30')
})
