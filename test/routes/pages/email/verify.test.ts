import { test } from 'tap'
import { sql } from '../../../../src/database/sql.ts'
import { answer, bearer, build, cutOff, PASSWORD, post, refusal, signIn, testClock } from '../../../helpers/app.ts'
import { letters, tokenOf } from '../../../helpers/letters.ts'
import { removePassword } from '../../../helpers/no-password.ts'
import { readPage, submit } from '../../../helpers/page.ts'
import { browserOf } from '../../../helpers/page-account.ts'

const SMTP = { SMTP_URL: 'smtp://127.0.0.1:9', MAIL_FROM: 'Example <no-reply@example.com>' }
const ABOUT =
  'Confirm your email address Enter the password of your account to confirm that this address is yours. Account: ada, ada@example.com'
const BESIDE =
  'Password Confirm this address This was not me If you have not registered, somebody else has entered your address. Take it off that account: if it has no username, it is deleted. This was not me'
const AGAIN =
  'If your address is not confirmed yet, we can send you another mail. Email address Send another mail Sign in'
const FORM = { text: `${ABOUT} ${BESIDE}`, inputs: ['token', 'password', 'token'] }
const url = '/pages/email/verify'

test('the page of a link', async (t) => {
  const fastify = await build(t, { environment: SMTP })
  const { access_token } = await signIn(fastify, { username: 'ada', email: 'ada@example.com' })
  const token = await tokenOf(fastify, 'verify-email')
  const verified = async () =>
    (await fastify.inject({ url: '/me', headers: bearer(access_token) })).json().email_verified
  const stored = () => fastify.database.open().query(sql`SELECT to_jsonb(email_tokens) AS row FROM email_tokens`)

  await t.test('names the account and asks before it does anything, however often it is looked at', async (t) => {
    const before = await stored()
    for (const method of ['GET', 'HEAD', 'GET'] as const) {
      const response = await fastify.inject({ method, url: `${url}?token=${token}` })
      t.equal(response.statusCode, 200)
      t.match(response.headers, {
        'content-type': 'text/html; charset=utf-8',
        'cache-control': 'no-store',
        'referrer-policy': 'same-origin',
        'x-frame-options': 'DENY',
        'content-security-policy': /^default-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'/
      })
      if (method === 'GET') {
        t.strictSame(readPage(response), { statusCode: 200, ...FORM })
        t.match(response.body, `value="${token}"`)
        t.match(response.body, '<form method="post" action="../../pages/email/verify">', 'which works without a script')
        t.match(response.body, '<form method="post" action="../../pages/email/verify/reject">')
        t.match(response.body, 'type="password" autocomplete="current-password" required>')
        t.notMatch(response.body, '<script')
      }
    }
    t.equal(await verified(), false)
    t.strictSame(await stored(), before)
  })

  await t.test('does not mind what mail services add to its address', async (t) => {
    for (const more of ['&utm_source=news&utm_medium=mail', '&fbclid=x', '&a=1&a=2', '&a[b]=1', '&%00=x', '#x']) {
      t.strictSame(readPage(await fastify.inject(`${url}?token=${token}${more}`)), { statusCode: 200, ...FORM }, more)
    }
  })

  await t.test('says that a link is incomplete, and shows nothing of it', async (t) => {
    const text = `This link is incomplete Part of the address is missing. Copy the whole address from the mail. ${AGAIN}`
    const queries = [
      '',
      '?token=',
      '?utm_source=x',
      `?token=${token.slice(1)}`,
      `?token=${token}x`,
      `?token=${token}&token=${token}`,
      `?token=${token}&token=x`,
      '?token[]=x',
      `?token=${encodeURIComponent('"><script>alert(1)</script>')}`,
      `?token=${'x'.repeat(600)}`,
      '?token=%00'
    ]
    for (const query of queries) {
      const response = await fastify.inject(`${url}${query}`)
      t.strictSame(readPage(response), { statusCode: 200, text, inputs: ['email'] }, query)
      t.notMatch(response.body, 'alert')
      t.match(response.body, '<form method="post" action="../../pages/email/resend">')
    }
  })

  await t.test('says at the field what is wrong with what was entered', async (t) => {
    const rows: [fields: Record<string, string>, statusCode: number, words: string][] = [
      [{ token }, 400, 'Fill this in.'],
      [{ token, password: '' }, 400, 'Fill this in.'],
      [{ token, password: 'wrong horse' }, 401, 'The password is wrong.'],
      [{ token, password: 'x'.repeat(1025) }, 400, 'This is not valid.']
    ]
    for (const [fields, statusCode, words] of rows) {
      const response = await submit(fastify, url, fields)
      const text = `Confirm your email address Enter the password of your account to confirm that this address is yours. Account: ada, ada@example.com Check what is marked below. Password ${words} Confirm this address`
      t.match(readPage(response), { statusCode, inputs: FORM.inputs })
      t.match(readPage(response).text, text)
      t.match(
        response.body,
        `aria-describedby="password-fault" autofocus>\n<p class="wrong" id="password-fault">${words}</p>`
      )
      t.match(response.body, '<title>Error: Confirm your email address - Example</title>')
      t.notMatch(response.body, 'wrong horse')
    }
    t.equal(await verified(), false)
  })

  await t.test('tells of what no field is at fault for', async (t) => {
    const long = await submit(fastify, url, { token, password: 'x'.repeat(20_000) })
    t.match(readPage(long), { statusCode: 413, text: /What you entered is too long/, inputs: { length: 0 } })
    const headers = { 'content-type': 'text/plain', origin: 'http://127.0.0.1:3000' }
    const plain = await fastify.inject({ method: 'POST', url, headers, payload: 'x' })
    t.match(readPage(plain), { statusCode: 415, text: /The form could not be read/, inputs: { length: 0 } })
    t.match(readPage(await submit(fastify, url, {})), {
      statusCode: 400,
      text: /The form could not be read/,
      inputs: []
    })
    const other = await submit(fastify, url, { token, password: PASSWORD, other: 'x' })
    t.match(readPage(other), { statusCode: 400, text: /The form could not be read/, inputs: FORM.inputs })
    const restore = cutOff(fastify)
    for (const away of [
      await submit(fastify, url, { token, password: PASSWORD }),
      await fastify.inject(`${url}?token=${token}`)
    ]) {
      t.match(readPage(away), { statusCode: 503, text: /The service is busy at the moment\. Try again in 2 seconds/ })
      t.equal(away.headers['retry-after'], '2')
    }
    restore()
    t.equal(await verified(), false)
  })

  await t.test('does it when its form is sent with the password, and says so', async (t) => {
    const done = { statusCode: 200, text: 'Your address is confirmed You can close this page. Sign in', inputs: [] }
    const response = await submit(fastify, url, { token, password: PASSWORD })
    t.strictSame(readPage(response), done)
    t.equal(await verified(), true)
    t.strictSame(readPage(await submit(fastify, url, { token, password: PASSWORD })), done, 'also when sent twice')
    t.strictSame(readPage(await fastify.inject(`${url}?token=${token}`)), {
      statusCode: 200,
      text: 'Your address is confirmed already This link was already used, and there is nothing more to do. Sign in',
      inputs: []
    })
  })

  await t.test('says of a link that has expired or was used that it has, before it asks for anything', async (t) => {
    const text = `This link has expired or was already used If a later mail has come, use the link in that one. ${AGAIN}`
    const unknown = 'x'.repeat(43)
    t.strictSame(readPage(await fastify.inject(`${url}?token=${unknown}`)), {
      statusCode: 200,
      text,
      inputs: ['email']
    })
    for (const fields of [{ token: unknown, password: PASSWORD }, { token: unknown }]) {
      t.strictSame(readPage(await submit(fastify, url, fields)), { statusCode: 400, text, inputs: ['email'] })
    }
  })

  await t.test('asks for the session of an account without a password', async (t) => {
    const email = 'bare@example.com'
    const { browser, user } = await browserOf(fastify, { email })
    const token = await tokenOf(fastify, 'verify-email')
    await removePassword(fastify, user.id)
    const stranger = await browserOf(fastify, { username: 'stranger' })
    const elsewhere =
      'Confirm your email address This account has no password. Sign in to it in this browser and follow the link in the mail again, or choose a password: that confirms the address as well. Choose a password Sign in'
    const page = `${url}?token=${token}`
    for (const response of [await fastify.inject(page), await stranger.browser.get(page)]) {
      t.strictSame(readPage(response), { statusCode: 200, text: elsewhere, inputs: [] })
      t.match(response.body, 'href="../../pages/password/forgot"')
    }
    const refusals: [response: Awaited<ReturnType<typeof submit>>, statusCode: number][] = [
      [await submit(fastify, url, { token }), 400],
      [await submit(fastify, url, { token, password: PASSWORD }), 401],
      [await stranger.browser.submit(url, { token }), 403]
    ]
    for (const [response, statusCode] of refusals) {
      t.strictSame(readPage(response), { statusCode, text: elsewhere, inputs: [] })
    }
    t.strictSame(readPage(await browser.get(page)), {
      statusCode: 200,
      text: `Confirm your email address Confirm that this address is yours. Account: bare@example.com ${BESIDE.slice('Password '.length)}`,
      inputs: ['token', 'token']
    })
    const other = await browser.submit(url, { token, other: 'x' })
    t.match(readPage(other), { statusCode: 400, text: /The form could not be read/, inputs: ['token', 'token'] })
    t.strictSame(readPage(await browser.submit(url, { token })), {
      statusCode: 200,
      text: 'Your address is confirmed You can close this page. Sign in',
      inputs: []
    })
    t.strictSame(await fastify.database.open().query(sql`SELECT email_verified FROM users WHERE email = ${email}`), [
      { email_verified: true }
    ])
  })

  await t.test('sends another mail where the address is not verified yet', async (t) => {
    await signIn(fastify, { email: 'grace@example.com' })
    await letters(fastify)
    for (const email of ['grace@example.com', 'ada@example.com', 'nobody@example.com']) {
      t.strictSame(readPage(await submit(fastify, '/pages/email/resend', { email })), {
        statusCode: 200,
        text: 'Look into your mailbox If a mail can be sent to that address, it is on its way. If none comes, look in the spam folder, or try another address. Sign in',
        inputs: []
      })
    }
    t.match(await letters(fastify), [{ template: 'verify-email', recipient: 'grace@example.com' }])
  })
})

test('forms of other pages than our own are refused', async (t) => {
  const fastify = await build(t, { environment: { ...SMTP, LIMITS: 'on' } })
  await signIn(fastify, { email: 'ada@example.com' })
  const token = await tokenOf(fastify, 'verify-email')
  const rows: [headers: Record<string, string>, statusCode: number][] = [
    [{ origin: 'https://evil.example' }, 403],
    [{ origin: 'http://127.0.0.1:3001' }, 403],
    [{ origin: 'https://127.0.0.1:3000' }, 403],
    [{ origin: 'null' }, 403],
    [{}, 403],
    [{ 'sec-fetch-site': 'cross-site' }, 403],
    [{ origin: 'null', 'sec-fetch-site': 'same-site' }, 403],
    [{ origin: 'http://127.0.0.1:3000' }, 401],
    [{ origin: 'http://localhost:3000' }, 401],
    [{ origin: 'null', 'sec-fetch-site': 'same-origin' }, 401],
    [{ 'sec-fetch-site': 'same-origin' }, 401]
  ]
  for (const [headers, statusCode] of rows) {
    const response = await submit(fastify, url, { token, password: 'wrong' }, headers)
    t.equal(response.statusCode, statusCode, JSON.stringify(headers))
    if (statusCode !== 403) continue
    t.match(response.headers, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' })
    t.notOk(response.headers['set-cookie'])
    t.strictSame(readPage(response), {
      statusCode,
      text: 'That did not work This form did not come from our own page. Open the page again, and send the form from there.',
      inputs: []
    })
  }
})

test('too many attempts are told of, and for how long', async (t) => {
  const fastify = await build(t, { clock: testClock({ still: true }), environment: { ...SMTP, LIMITS: 'on' } })
  await signIn(fastify, { email: 'ada@example.com' })
  const token = await tokenOf(fastify, 'verify-email')
  for (let count = 0; count < 10; count++) await submit(fastify, url, { token, password: 'wrong' })
  const response = await submit(fastify, url, { token, password: PASSWORD })
  t.match(readPage(response), {
    statusCode: 429,
    text: /There were too many attempts\. Try again in 30 seconds\./
  })
  t.equal(response.headers['retry-after'], '30')
  t.equal((await post(fastify, '/login', { email: 'ada@example.com', password: PASSWORD })).statusCode, 429)
})

test('each page names the service and leads back to it', async (t) => {
  const fastify = await build(t, { environment: { ...SMTP, SERVICE_URL: 'https://www.example.com/start' } })
  for (const path of [`${url}?token=x`, '/pages/email/resend', '/pages/password/forgot', '/pages/password/reset']) {
    const { body } = await fastify.inject(path)
    t.match(body, '<header class="service"><span>Example</span></header>', path)
    t.match(body, '<a href="https://www.example.com/start">Back to Example</a>', path)
  }
})

test('where a frontend has the links, or none are sent, there is no page', async (t) => {
  const cases = [
    { ...SMTP, APP_URL: 'https://app.example.com' },
    { ...SMTP, APP_URL: 'https://app.example.com', PAGES: 'on' },
    { SMTP_URL: '', MAIL_FROM: '', PUBLIC_URL: 'https://auth.example.com' }
  ]
  for (const environment of cases) {
    const fastify = await build(t, { environment })
    t.strictSame(answer(await fastify.inject('/pages/email/verify')), {
      statusCode: 404,
      body: refusal(404, 'Not Found', 'NOT_FOUND', 'There is nothing here.')
    })
  }
})
