import { test } from 'tap'
import { sql } from '../../../src/database/sql.ts'
import { MAIL_ASKED } from '../../../src/schemas/answers.ts'
import { answer, build, PASSWORD, post, refusal, signIn } from '../../helpers/app.ts'
import { letters, tokenOf } from '../../helpers/letters.ts'

const ACCEPTED = { statusCode: 202, body: MAIL_ASKED }

test('POST /email/resend', async (t) => {
  const fastify = await build(t)
  const resend = (email: string) => post(fastify, '/email/resend', { email })

  await t.test('sends the mail once more, whose token voids that of the first', async (t) => {
    await signIn(fastify, { username: 'ada', email: 'Ada@example.com' })
    const first = await tokenOf(fastify, 'verify-email')
    const response = await resend('ada@EXAMPLE.com')
    t.strictSame(answer(response), ACCEPTED)
    t.match(response.headers, { 'cache-control': 'no-store' })
    const [letter, ...more] = await letters(fastify)
    t.match(letter, {
      template: 'verify-email',
      recipient: 'Ada@example.com',
      variables: { expires_in: { seconds: 86_400 } }
    })
    t.strictSame(more, [])
    t.equal(
      (await post(fastify, '/email/verify', { token: first, password: PASSWORD })).json().code,
      'EMAIL_TOKEN_INVALID'
    )
    t.equal((await post(fastify, '/email/verify', { token: letter?.token, password: PASSWORD })).statusCode, 204)
  })

  await t.test('answers the same where there is nothing to send, and sends nothing', async (t) => {
    const gone = { email: 'gone@example.com', password: 'correct horse battery' }
    const { id } = (await post(fastify, '/register', gone)).json()
    await fastify.database.open().query(sql`UPDATE users SET disabled_at = now() WHERE id = ${id}`)
    await letters(fastify)
    for (const [what, email] of [
      ['an address that has been verified', 'ada@example.com'],
      ['an unknown one', 'nobody@example.com'],
      ['that of a disabled account', 'gone@example.com']
    ] as const) {
      t.strictSame(answer(await resend(email)), ACCEPTED, what)
      t.strictSame(await letters(fastify), [], what)
    }
  })

  await t.test('takes an address with blanks at its ends', async (t) => {
    await signIn(fastify, { email: 'grace@example.com' })
    await letters(fastify)
    t.strictSame(answer(await resend(' \tGrace@example.com\u2003')), ACCEPTED)
    t.match(await letters(fastify), [{ recipient: 'grace@example.com' }])
  })

  await t.test('refuses what is no address as what does not fit', async (t) => {
    for (const email of ['', 'ada', 'a@b@c', `${'x'.repeat(250)}@example.com`]) {
      t.equal((await resend(email)).json().code, 'VALIDATION_FAILED')
    }
  })
})

test('where no mail can be sent,', async (t) => {
  const fastify = await build(t, { environment: { PUBLIC_URL: 'https://id.example', SMTP_URL: '', MAIL_FROM: '' } })
  const unavailable = {
    statusCode: 503,
    body: refusal(503, 'Service Unavailable', 'MAIL_UNAVAILABLE', 'This service sends no mail.')
  }
  const token = 'x'
  const requests: [url: string, body: object][] = [
    ['/email/resend', { email: 'ada@example.com' }],
    ['/password/forgot', { email: 'ada@example.com' }],
    ['/password/reset', { token, new_password: 'x' }],
    ['/email/change/confirm', { token }],
    ['/email/change/undo', { token }]
  ]
  for (const [url, body] of requests) {
    await t.test(`${url} says so`, async (t) => {
      const response = await post(fastify, url, body)
      t.strictSame(answer(response), unavailable)
      t.equal(response.headers['retry-after'], '3600')
    })
  }

  await t.test('a change of the address says so, and a registration goes on without a mail', async (t) => {
    const { access_token } = await signIn(fastify, { email: 'ada@example.com' })
    t.strictSame(await letters(fastify), [])
    const change = { new_email: 'lovelace@example.com', current_password: 'correct horse battery staple' }
    const headers = { authorization: `Bearer ${access_token}` }
    t.strictSame(answer(await post(fastify, '/email/change', change, headers)), unavailable)
  })
})
