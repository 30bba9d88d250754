import { test } from 'tap'
import { bearer, build, PASSWORD, post, signIn } from '../../../../helpers/app.ts'
import { tokenOf } from '../../../../helpers/letters.ts'
import { readPage, submit } from '../../../../helpers/page.ts'

const environment = { SMTP_URL: 'smtp://127.0.0.1:9', MAIL_FROM: 'no-reply@example.com' }
const url = '/pages/email/verify/reject'

test('the page on which an address is taken off an account', async (t) => {
  const fastify = await build(t, { environment })
  const { access_token } = await signIn(fastify, { email: 'ada@example.com' })
  const token = await tokenOf(fastify, 'verify-email')

  await t.test('says what is about to happen', async (t) => {
    t.strictSame(readPage(await fastify.inject(`${url}?token=${token}`)), {
      statusCode: 200,
      text: 'This was not me Your address is taken off this account. If it was registered with that and has no username, it is deleted. Account: ada@example.com Take my address off it',
      inputs: ['token']
    })
    t.equal((await fastify.inject({ url: '/me', headers: bearer(access_token) })).statusCode, 200)
  })

  await t.test('does it, once', async (t) => {
    t.strictSame(readPage(await submit(fastify, url, { token })), {
      statusCode: 200,
      text: 'Your address is taken off Nobody uses it here any more. You can close this page.',
      inputs: []
    })
    t.equal((await fastify.inject({ url: '/me', headers: bearer(access_token) })).statusCode, 401)
    t.match(readPage(await submit(fastify, url, { token })), { statusCode: 400, text: /^This link has expired/ })
    t.match(readPage(await fastify.inject(`${url}?token=${token}`)), {
      statusCode: 200,
      text: /^This link has expired/
    })
  })

  await t.test('does nothing to an address that is verified', async (t) => {
    await signIn(fastify, { email: 'grace@example.com' })
    const verified = await tokenOf(fastify, 'verify-email')
    await post(fastify, '/email/verify', { token: verified, password: PASSWORD })
    const page = await fastify.inject(`${url}?token=${verified}`)
    t.match(readPage(page), { statusCode: 200, text: /^This link has expired or was already used/, inputs: ['email'] })
    t.match(page.body, 'action="../../../pages/email/resend"')
    t.match(readPage(await submit(fastify, url, { token: verified })), {
      statusCode: 400,
      text: /^This link has expired/
    })
  })
})
