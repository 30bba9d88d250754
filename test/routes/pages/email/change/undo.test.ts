import { test } from 'tap'
import { bearer, build, PASSWORD, post, signIn } from '../../../../helper.ts'
import { tokenOf } from '../../../../letters.ts'
import { readPage, submit } from '../../../../page.ts'

const environment = { SMTP_URL: 'smtp://127.0.0.1:9', MAIL_FROM: 'no-reply@example.com' }

test('the page on which a change of the address is taken back', async (t) => {
  const fastify = await build(t, { environment })
  const { access_token } = await signIn(fastify, { email: 'ada@example.com' })
  await post(fastify, '/email/verify', { token: await tokenOf(fastify, 'verify-email') })
  const change = { new_email: 'eve@example.com', current_password: PASSWORD }
  await post(fastify, '/email/change', change, bearer(access_token))
  await post(fastify, '/email/change/confirm', { token: await tokenOf(fastify, 'confirm-new-email') })
  const token = await tokenOf(fastify, 'email-changed')
  const url = '/pages/email/change/undo'
  t.match(readPage(await fastify.inject(`${url}?token=${token}`)), { statusCode: 200, inputs: ['token'] })
  t.match(readPage(await submit(fastify, url, { token })), { statusCode: 200, text: /^You have your address back/ })
  const login = await post(fastify, '/login', { email: 'ada@example.com', password: PASSWORD })
  t.equal(login.statusCode, 200)
})
