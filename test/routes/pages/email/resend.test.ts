import { test } from 'tap'
import { build } from '../../../helpers/app.ts'
import { waiting } from '../../../helpers/letters.ts'
import { readPage, submit } from '../../../helpers/page.ts'

const environment = { SMTP_URL: 'smtp://127.0.0.1:9', MAIL_FROM: 'no-reply@example.com' }

test('the page that asks for another mail to verify an address', async (t) => {
  const fastify = await build(t, { environment })
  t.strictSame(readPage(await fastify.inject('/pages/email/resend')), {
    statusCode: 200,
    text: 'Confirm your email address We send you a mail with a link to confirm the address of your account. Email address Send the mail Sign in',
    inputs: ['email']
  })
  t.strictSame(readPage(await submit(fastify, '/pages/email/resend', { email: 'ada@example.com' })), {
    statusCode: 200,
    text: 'Look into your mailbox If a mail can be sent to that address, it is on its way. If none comes, look in the spam folder, or try another address. Sign in',
    inputs: []
  })
  t.match(await waiting(fastify), [{ kind: 'verification asked', recipient: 'ada@example.com' }])
})
