import { test } from 'tap'
import { bearer, build, PASSWORD, post, signIn } from '../../../../helper.ts'
import { tokenOf } from '../../../../letters.ts'
import { readPage, submit } from '../../../../page.ts'

const environment = { SMTP_URL: 'smtp://127.0.0.1:9', MAIL_FROM: 'no-reply@example.com' }

test('the page on which a new address is confirmed', async (t) => {
  const fastify = await build(t, { environment })
  const { access_token } = await signIn(fastify, { username: 'ada' })
  const change = { new_email: 'ada@example.com', current_password: PASSWORD }
  await post(fastify, '/email/change', change, bearer(access_token))
  const token = await tokenOf(fastify, 'confirm-new-email')
  const url = '/pages/email/change/confirm'
  t.match(readPage(await fastify.inject(`${url}?token=${token}`)), { statusCode: 200, inputs: ['token'] })
  t.match(readPage(await submit(fastify, url, { token })), { statusCode: 200, text: /^Your address is changed/ })
  const me = await fastify.inject({ url: '/me', headers: bearer(access_token) })
  t.match(me.json(), { email: 'ada@example.com', email_verified: true })
})
