import { type Test, test } from 'tap'
import { answer, build, refusal } from '../../helpers/app.ts'

const NOT_FOUND = refusal(404, 'Not Found', 'NOT_FOUND', 'There is nothing here.')
const PAGE = {
  'content-type': 'text/html; charset=utf-8',
  'referrer-policy': 'same-origin',
  'cache-control': 'no-store'
}
const MESSAGE = {
  recipient: 'ada@example.com',
  language: 'en',
  subject: 'Choose <one>',
  text: 'Here & now:\n\nhttp://localhost:3000/pages/password/reset?token=abc\n',
  html: '<h1>Choose</h1>'
}

// Beside a server there is no such page: with an embedded database alone.
const trial = (t: Test, environment: Record<string, string> = {}) => build(t, { environment })
const isServer = process.env.TEST_DATABASE_URL !== undefined

test('the mail of a trial', async (t) => {
  const fastify = await trial(t)
  const { mailbox } = fastify.mail
  if (!mailbox) {
    t.ok(isServer, 'is shown beside an embedded database alone')
    t.strictSame(answer(await fastify.inject('/dev/mail')), { statusCode: 404, body: NOT_FOUND })
    return
  }
  const { url } = mailbox
  const query = new URL(url).search

  await t.test('is a page that shows itself and nothing else', async (t) => {
    const { statusCode, headers, body } = await fastify.inject(url)
    t.equal(statusCode, 200)
    t.match(headers, PAGE)
    t.match(headers['content-security-policy'], /^default-src 'none'; base-uri 'none'; form-action 'self'; /)
    t.match(body, 'No mail yet')
  })

  await t.test('has the messages as escaped text, with their links', async (t) => {
    const id = '0198a3c2-7f00-7000-8000-000000000000'
    await mailbox.send(id, MESSAGE)
    const { body } = await fastify.inject(`/dev/mail${query}`)
    t.notMatch(body, 'No mail yet')
    t.match(body, '<h2>Choose &lt;one&gt;</h2>')
    t.match(body, 'to ada@example.com, 20')
    const link = 'http://localhost:3000/pages/password/reset?token=abc'
    t.match(body, `Here &amp; now:\n\n<a href="${link}">${link}</a>`)
    t.match(body, `<a href="mail/${id}${query}">`)

    const message = await fastify.inject(`/dev/mail/${id}${query}`)
    t.equal(message.body, MESSAGE.html)
    t.match(message.headers, { ...PAGE, 'referrer-policy': 'no-referrer' })
    t.match(
      message.headers['content-security-policy'],
      /^default-src 'none';.*style-src 'unsafe-inline'; sandbox allow-/
    )
  })

  await t.test('is not there for others', async (t) => {
    const message = '/dev/mail/0198a3c2-7f00-7000-8000-000000000000'
    const token = query.slice('?token='.length)
    const calls = [
      fastify.inject(`/dev/mail/0198a3c2-7f00-7000-8000-000000000001${query}`),
      fastify.inject({ url, remoteAddress: '192.0.2.1' }),
      fastify.inject({ url: `${message}${query}`, headers: { host: 'evil.example' } }),
      ...['x-forwarded-for', 'x-forwarded-host', 'forwarded', 'via', 'x-real-ip'].map((header) =>
        fastify.inject({ url, headers: { [header]: '127.0.0.1' } })
      ),
      ...['/dev/mail', message].flatMap((path) =>
        ['', '?token', '?token=', '?token=undefined', `?token=${token.slice(1)}`, `?token=${token}x`, `?x=${token}`]
          .concat(`?token=${token}&token=${token}`, `?token[]=${token}`)
          .map((wrong) => fastify.inject(`${path}${wrong}`))
      )
    ]
    for (const call of calls) t.strictSame(answer(await call), { statusCode: 404, body: NOT_FOUND })
  })

  await t.test('takes nothing but its token', async (t) => {
    const { statusCode, body } = answer(await fastify.inject(`/dev/mail${query}&x=1`))
    t.match({ statusCode, body }, { statusCode: 400, body: { code: 'VALIDATION_FAILED', errors: [{ path: '/x' }] } })
  })
})

test('there is no such page', async (t) => {
  const cases: [when: string, environment: Record<string, string>][] = [
    ['where mail is sent', { SMTP_URL: 'smtp://127.0.0.1:2525', MAIL_FROM: 'a@example.com' }],
    ['where the service is not for this machine alone', { PUBLIC_URL: 'https://auth.example.com' }]
  ]
  for (const [when, environment] of cases) {
    await t.test(when, async (t) => {
      const fastify = await trial(t, environment)
      t.strictSame(answer(await fastify.inject('/dev/mail')), { statusCode: 404, body: NOT_FOUND })
    })
  }
})
