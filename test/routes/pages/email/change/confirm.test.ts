import { test } from 'tap'
import { bearer, build, PASSWORD, post, signIn } from '../../../../helpers/app.ts'
import { tokenOf } from '../../../../helpers/letters.ts'
import { readPage, submit } from '../../../../helpers/page.ts'

const environment = { SMTP_URL: 'smtp://127.0.0.1:9', MAIL_FROM: 'no-reply@example.com' }

test('the page on which a new address is confirmed', async (t) => {
  const fastify = await build(t, { environment })
  const { access_token } = await signIn(fastify, { username: 'ada' })
  const ask = (new_email: string) =>
    post(fastify, '/email/change', { new_email, current_password: PASSWORD }, bearer(access_token))
  await ask('ada@example.com')
  const token = await tokenOf(fastify, 'confirm-new-email')
  const url = '/pages/email/change/confirm'
  t.strictSame(readPage(await fastify.inject(`${url}?token=${token}&utm_source=x`)), {
    statusCode: 200,
    text: 'Confirm your new email address The button below makes ada@example.com the address of this account. If you do not know the account, close this page: nothing changes. Account: ada Use the new address',
    inputs: ['token']
  })
  t.match(readPage(await submit(fastify, url, { token })), { statusCode: 200, text: /^Your address is changed/ })
  const me = await fastify.inject({ url: '/me', headers: bearer(access_token) })
  t.match(me.json(), { email: 'ada@example.com', email_verified: true })
  t.strictSame(readPage(await fastify.inject(`${url}?token=${token}`)), {
    statusCode: 200,
    text: 'This link has expired or was already used If a later mail has come, use the link in that one. To get another mail, sign in and change the address again. Sign in',
    inputs: []
  })

  await ask('taken@example.com')
  const late = await tokenOf(fastify, 'confirm-new-email')
  await signIn(fastify, { email: 'taken@example.com' })
  t.strictSame(readPage(await submit(fastify, url, { token: late })), {
    statusCode: 409,
    text: 'Confirm your new email address Another account uses this address.',
    inputs: []
  })
})
