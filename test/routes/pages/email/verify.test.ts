import { test } from 'tap'
import { answer, bearer, build, refusal, signIn } from '../../../helper.ts'
import { tokenOf } from '../../../letters.ts'
import { readPage, submit } from '../../../page.ts'

const SMTP = { SMTP_URL: 'smtp://127.0.0.1:9', MAIL_FROM: 'no-reply@example.com' }
const OVER =
  'Confirm your email address This link is over: it was used already, is too old, or a later mail has taken its place. Ask for another mail.'
const FORM = 'Confirm your email address One more step: confirm that the address is yours. Confirm this address'

test('the page of a link', async (t) => {
  const fastify = await build(t, { environment: SMTP })
  const { access_token } = await signIn(fastify, { email: 'ada@example.com' })
  const token = await tokenOf(fastify, 'verify-email')
  const url = '/pages/email/verify'
  const verified = async () =>
    (await fastify.inject({ url: '/me', headers: bearer(access_token) })).json().email_verified

  await t.test('asks before it does anything, however often it is looked at', async (t) => {
    for (const method of ['GET', 'HEAD', 'GET'] as const) {
      const response = await fastify.inject({ method, url: `${url}?token=${token}` })
      t.equal(response.statusCode, 200)
      t.match(response.headers, {
        'content-type': 'text/html; charset=utf-8',
        'cache-control': 'no-store',
        'referrer-policy': 'no-referrer',
        'x-frame-options': 'DENY',
        'content-security-policy': /^default-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'/
      })
      if (method === 'GET') {
        t.strictSame(readPage(response), { statusCode: 200, text: FORM, inputs: ['token'] })
        t.match(response.body, `value="${token}"`)
        t.match(response.body, '<form class="card" method="post" action="verify">', 'which works without a script')
        t.notMatch(response.body, '<script')
      }
    }
    t.equal(await verified(), false)
  })

  await t.test('shows what is in its address as text', async (t) => {
    const { body } = await fastify.inject(`${url}?token=${encodeURIComponent('"><script>alert(1)</script>')}`)
    t.match(body, 'value="&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;"')
    t.notMatch(body, '<script')
  })

  await t.test('does it once when its form is sent', async (t) => {
    t.strictSame(readPage(await submit(fastify, url, { token })), {
      statusCode: 200,
      text: 'Your address is confirmed You can close this page.',
      inputs: []
    })
    t.equal(await verified(), true)
    t.strictSame(readPage(await submit(fastify, url, { token })), { statusCode: 400, text: OVER, inputs: [] })
  })

  await t.test('tells people what is wrong', async (t) => {
    const whole =
      'This link is not whole Part of the address is missing. Copy all of it from the mail, or ask for another mail.'
    t.strictSame(readPage(await fastify.inject(url)), { statusCode: 200, text: whole, inputs: [] })
    const malformed = await fastify.inject(`${url}?token=a&b=c`)
    t.match(readPage(malformed), { statusCode: 400, text: /^Confirm your email address The request does not fit/ })
    t.match(readPage(await submit(fastify, url, {})), { statusCode: 400, text: /^Confirm your email address / })
    t.match(readPage(await submit(fastify, url, { token, other: 'x' })), { statusCode: 400, inputs: ['token'] })
    const json = await fastify.inject({ method: 'POST', url, headers: { 'content-type': 'text/plain' }, payload: 'x' })
    t.match(readPage(json), { statusCode: 415, text: /A body of this type is not taken here/ })
  })
})

test('where a frontend has the links, or none are sent, there is no page', async (t) => {
  const cases = [
    { ...SMTP, APP_URL: 'https://app.example.com' },
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
