import { test } from 'tap'
import { build } from '../../helpers/app.ts'
import { waiting } from '../../helpers/letters.ts'
import { readPage, submit } from '../../helpers/page.ts'

const environment = { SMTP_URL: 'smtp://127.0.0.1:9', MAIL_FROM: 'no-reply@example.com' }

test('the page on which a registration begins where accounts are hidden', async (t) => {
  const fastify = await build(t, { environment: { ...environment, HIDE_ACCOUNTS: 'on' } })
  t.strictSame(readPage(await fastify.inject('/pages/register')), {
    statusCode: 200,
    text: 'Register We send you a mail with a link to finish your registration. Email address Send the mail',
    inputs: ['email']
  })
  t.match(readPage(await submit(fastify, '/pages/register', { email: 'ada@example.com' })), {
    statusCode: 200,
    text: /^Look into your mailbox /
  })
  t.match(await waiting(fastify), [{ kind: 'registration asked', recipient: 'ada@example.com' }])
})

test('where they are not, there is no such page', async (t) => {
  const fastify = await build(t, { environment })
  t.equal((await fastify.inject('/pages/register')).statusCode, 404)
})
