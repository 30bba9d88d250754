import { test } from 'tap'
import { bearer, build, PASSWORD, post, signIn } from '../../../../helpers/app.ts'
import { letters, tokenOf } from '../../../../helpers/letters.ts'
import { readPage, submit } from '../../../../helpers/page.ts'

const environment = { SMTP_URL: 'smtp://127.0.0.1:9', MAIL_FROM: 'no-reply@example.com' }
const NEXT = 'another horse battery staple'

test('the page on which a change of the address is taken back', async (t) => {
  const fastify = await build(t, { environment })
  const { access_token } = await signIn(fastify, { email: 'ada@example.com' })
  await post(fastify, '/email/verify', { token: await tokenOf(fastify, 'verify-email'), password: PASSWORD })
  const change = { new_email: 'eve@example.com', current_password: PASSWORD }
  await post(fastify, '/email/change', change, bearer(access_token))
  await post(fastify, '/email/change/confirm', { token: await tokenOf(fastify, 'confirm-new-email') })
  const token = await tokenOf(fastify, 'email-changed')
  const url = '/pages/email/change/undo'
  const inputs = ['token', 'new_password']
  t.strictSame(readPage(await fastify.inject(`${url}?token=${token}`)), {
    statusCode: 200,
    text: 'Undo the change of your email address The account gets its address ada@example.com back, and is signed out everywhere. Somebody else may know the old password: choose a new one. Account: eve@example.com New password At least 8 characters. A few words that you can remember are good. Undo the change',
    inputs
  })
  const rows: [fields: Record<string, string>, words: RegExp][] = [
    [{ token }, /Fill this in\./],
    [{ token, new_password: 'short' }, /The password must have at least 8 characters\./]
  ]
  for (const [fields, text] of rows) {
    t.match(readPage(await submit(fastify, url, fields)), { statusCode: 400, text, inputs })
  }
  const done = await submit(fastify, url, { token, new_password: NEXT })
  t.match(readPage(done), { statusCode: 200, text: /^You have your address back/ })
  t.equal((await post(fastify, '/login', { email: 'ada@example.com', password: PASSWORD })).statusCode, 401)
  t.equal((await post(fastify, '/login', { email: 'ada@example.com', password: NEXT })).statusCode, 200)
  t.match(await letters(fastify), [{ template: 'password-changed', recipient: 'ada@example.com' }])

  const used = await fastify.inject(`${url}?token=${token}`)
  t.match(readPage(used), { statusCode: 200, text: /^This link has expired or was already used/, inputs: ['email'] })
  t.match(used.body, 'action="../../../pages/password/forgot"')
})
