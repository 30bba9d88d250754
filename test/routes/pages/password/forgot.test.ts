import { test } from 'tap'
import { sql } from '../../../../src/database/sql.ts'
import { build } from '../../../helpers/app.ts'
import { waiting } from '../../../helpers/letters.ts'
import { readPage, submit } from '../../../helpers/page.ts'

const environment = { SMTP_URL: 'smtp://127.0.0.1:9', MAIL_FROM: 'no-reply@example.com' }

test('the page that asks for a mail to choose a new password', async (t) => {
  const fastify = await build(t, { environment })
  t.strictSame(readPage(await fastify.inject('/pages/password/forgot?utm_source=x')), {
    statusCode: 200,
    text: 'Choose a new password We send a mail with a link to choose a new password to the address of your account. Email address Send the mail Sign in',
    inputs: ['email']
  })
  t.strictSame(readPage(await submit(fastify, '/pages/password/forgot', { email: 'ada@example.com' })), {
    statusCode: 200,
    text: 'Look into your mailbox If a mail can be sent to that address, it is on its way. If none comes, look in the spam folder, or try another address. Sign in',
    inputs: []
  })
  t.match(await waiting(fastify), [{ kind: 'reset asked', recipient: 'ada@example.com' }])
  await fastify.audit.flush()
  const records = await fastify.database.open().query(sql`SELECT detail FROM audit WHERE action = 'mail asked'`)
  t.strictSame(records, [{ detail: { reason: 'password reset' } }])
})
