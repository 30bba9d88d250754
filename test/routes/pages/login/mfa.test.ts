import { randomBytes } from 'node:crypto'
import { test } from 'tap'
import { build, cutOff, PASSWORD, post, signIn, testClock } from '../../../helpers/app.ts'
import { enrolPasskey } from '../../../helpers/enrolled.ts'
import { createBrowser, hiddenOf, passkeyOptionsOf, readPage, submit } from '../../../helpers/page.ts'
import { addPasskeyTo } from '../../../helpers/passkeys.ts'
import { giveApp } from '../../../helpers/second-factor.ts'

const url = '/pages/login/mfa'

test('the second step of a sign-in at the pages', async (t) => {
  const clock = testClock()
  const fastify = await build(t, { clock })
  const { user, access_token } = await signIn(fastify, { username: 'ada' })
  const { authenticator } = await addPasskeyTo(fastify, access_token)
  const app = await giveApp(fastify, user.id)

  /** A browser at the second step, and the hidden fields of its form. */
  async function begin(more: Record<string, string> = {}) {
    clock.advance(60)
    const browser = createBrowser(fastify)
    const page = await browser.submit('/pages/login', { name: 'ada', password: PASSWORD, ...more })
    const challenge = String(hiddenOf(page, 'challenge'))
    const step = { mfa_token: String(hiddenOf(page, 'mfa_token')), challenge }
    return { ...browser, page, step }
  }

  await t.test('takes a code, with the spaces that apps show, once', async (t) => {
    const { submit, step, cookies } = await begin()
    const [one, other] = [app.code().slice(0, 3), app.code().slice(3)]
    const done = await submit(url, { ...step, totp: ` ${one} ${other} ` })
    t.strictSame([done.statusCode, done.headers.location], [303, '../../pages/account'])
    t.ok(cookies.has('latchkey_session') && cookies.has('refresh_token'))
    const again = await submit(url, { ...step, totp: app.code() })
    t.match(readPage(again), {
      statusCode: 401,
      text: /^Sign in This sign-in cannot be continued\. Sign in again\. Email/
    })
  })

  await t.test('takes a recovery code', async (t) => {
    const { submit, step } = await begin()
    const code = String(app.codes[0]).toUpperCase()
    t.equal((await submit(url, { ...step, recovery_code: code })).statusCode, 303)
  })

  await t.test('takes a passkey that answers the challenge of this very step', async (t) => {
    const [one, other] = [await begin(), await begin()]
    const answer = authenticator.get(passkeyOptionsOf(one.page))
    const credential = JSON.stringify(answer)
    const foreign = await other.submit(url, { ...other.step, credential })
    t.match(readPage(foreign), { statusCode: 401, text: /This passkey was not accepted/ })
    const [first, second] = [passkeyOptionsOf(other.page), passkeyOptionsOf(foreign)]
    t.strictSame({ ...second, challenge: first.challenge }, first, 'and asks again')
    t.equal((await one.submit(url, { ...one.step, credential })).statusCode, 303)
    const again = JSON.stringify(authenticator.get(second))
    t.equal((await other.submit(url, { ...other.step, credential: again })).statusCode, 303)
  })

  await t.test('refuses a wrong answer at the field that has it, and keeps the step', async (t) => {
    const { submit, step } = await begin({ return_to: '/pages/logout' })
    const hidden = { ...step, return_to: '/pages/logout' }
    const rows: [fields: Record<string, string>, statusCode: number, text: RegExp][] = [
      [
        { totp: app.wrong() },
        401,
        /Check what is marked below\. Code of .* app This code is wrong, or was already used\./
      ],
      [{ totp: '12345' }, 400, /Code of your authenticator app Enter the six digits that the app shows\./],
      [{ totp: '１２３４５６' }, 400, /Enter the six digits/],
      [{ recovery_code: 'wrong' }, 401, /Recovery code This code is wrong, or was already used\. Use this code/],
      [{ recovery_code: 'x'.repeat(65) }, 400, /Recovery code This is not valid\./],
      [{}, 400, /The form could not be read\./],
      [{ totp: app.code(), recovery_code: 'both' }, 400, /The form could not be read\./],
      [{ credential: '{' }, 400, /The form could not be read\./],
      [{ credential: '{}' }, 400, /The form could not be read\./],
      [{ credential: 'null' }, 400, /The form could not be read\./],
      [{ totp: app.code(), other: 'x' }, 400, /The form could not be read\./]
    ]
    for (const [fields, statusCode, text] of rows) {
      const response = await submit(url, { ...hidden, ...fields })
      t.match(readPage(response), { statusCode, text: /^One more step / }, JSON.stringify(fields))
      t.match(readPage(response), { text }, JSON.stringify(fields))
      for (const name of ['mfa_token', 'return_to'] as const) t.equal(hiddenOf(response, name), hidden[name], name)
      const options = passkeyOptionsOf(response)
      t.match(options.allowCredentials, [{ type: 'public-key' }], 'the passkeys of the account')
      const carried = { factors: ['totp', 'recovery_code', 'passkey'], public_key: { challenge: options.challenge } }
      t.match(JSON.parse(String(hiddenOf(response, 'challenge'))), carried)
      t.match(response.body, '<title>Error: One more step')
    }
    t.match((await submit(url, { ...hidden, recovery_code: 'wrong' })).body, '<details open>')
    const done = await submit(url, { ...hidden, totp: app.code() })
    t.strictSame([done.statusCode, done.headers.location], [303, '../../pages/logout'])
  })

  await t.test('begins anew with the password once five tries were wrong', async (t) => {
    const { submit, step } = await begin()
    for (let attempt = 0; attempt < 5; attempt += 1) await submit(url, { ...step, totp: app.wrong() })
    const refused = await submit(url, { ...step, totp: app.code() })
    t.match(readPage(refused), {
      statusCode: 401,
      text: /^Sign in This sign-in cannot be continued/,
      inputs: ['name', 'password']
    })
  })

  await t.test('shows the sign-in where a form has no step', async (t) => {
    const rows: Record<string, string>[] = [
      {},
      { totp: '123456' },
      { mfa_token: 'x', totp: '12345' },
      { mfa_token: 'x', totp: '12345', challenge: '{' },
      { mfa_token: 'x', totp: '12345', challenge: 'null' },
      { mfa_token: 'x', totp: '12345', challenge: '{"factors":"totp"}' },
      { mfa_token: 'x', totp: '123456', challenge: '{"factors":["totp"]}' }
    ]
    for (const fields of rows) {
      const { text, inputs } = readPage(await submit(fastify, url, fields))
      t.match([text, inputs], [/^Sign in /, ['name', 'password']], JSON.stringify(fields))
    }
  })

  await t.test('is taken back while the database is unavailable', async (t) => {
    const { submit, step, cookies } = await begin()
    const restore = cutOff(fastify)
    const refused = await submit(url, { ...step, totp: app.code() })
    restore()
    t.match(readPage(refused), { statusCode: 503, text: /^One more step The service is busy/ })
    t.equal(hiddenOf(refused, 'mfa_token'), step.mfa_token)
    t.equal(cookies.size, 0)
    t.equal((await submit(url, { ...step, totp: app.code() })).statusCode, 303)
  })

  await t.test('opens one session, of any number of right answers at once', async (t) => {
    const { step } = await begin()
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => submit(fastify, url, { ...step, totp: app.code() }))
    )
    t.strictSame(answers.map(({ statusCode }) => statusCode).sort(), [303, 401, 401, 401, 401])
  })

  await t.test('takes a code and a passkey of an account that has the most and the longest passkeys', async (t) => {
    for (let count = 1; count < 20; count += 1) {
      await enrolPasskey(fastify.database.open(), user.id, { credentialId: randomBytes(1023) })
    }
    const { page, submit, step } = await begin()
    t.equal(passkeyOptionsOf(page).allowCredentials.length, 20)
    t.equal((await submit(url, { ...step, totp: app.code() })).statusCode, 303)
    const other = await begin()
    const refused = await other.submit(url, { ...other.step, totp: app.wrong() })
    t.equal(refused.statusCode, 401)
    t.equal(passkeyOptionsOf(refused).allowCredentials.length, 20)
    const credential = JSON.stringify(authenticator.get(passkeyOptionsOf(refused)))
    const challenge = String(hiddenOf(refused, 'challenge'))
    t.equal((await other.submit(url, { ...other.step, challenge, credential })).statusCode, 303)
  })

  await t.test('leads to the sign-in who opens the page', async (t) => {
    const shown = await fastify.inject(url)
    t.strictSame([shown.statusCode, shown.headers.location], [303, '../../pages/login'])
    const query = new URLSearchParams({ return_to: '/pages/logout' })
    t.equal((await fastify.inject(`${url}?${query}`)).headers.location, `../../pages/login?${query}`)
  })
})

test('second steps are counted with those at the API', async (t) => {
  const clock = testClock({ still: true })
  const fastify = await build(t, { clock, environment: { LIMITS: 'on' } })
  const { user } = await signIn(fastify, { username: 'ada' })
  const app = await giveApp(fastify, user.id)
  const begin = async () => {
    const page = await submit(fastify, '/pages/login', { name: 'ada', password: PASSWORD })
    return { mfa_token: String(hiddenOf(page, 'mfa_token')), challenge: String(hiddenOf(page, 'challenge')) }
  }
  for (let round = 0; round < 2; round += 1) {
    const { mfa_token, challenge } = await begin()
    for (let attempt = 0; attempt < 2; attempt += 1) {
      await submit(fastify, url, { mfa_token, challenge, totp: app.wrong() })
      await post(fastify, '/login/mfa', { mfa_token, totp: app.wrong() })
    }
    await post(fastify, '/login/mfa', { mfa_token, totp: app.wrong() })
  }
  const refused = await submit(fastify, url, { ...(await begin()), totp: app.code(1) })
  t.match(readPage(refused), {
    statusCode: 429,
    text: /^One more step There were too many attempts\. Try again in 30 /
  })
})
