import { type Test, test } from 'tap'
import clock from '../../../plugins/clock.ts'
import config from '../../../plugins/config.ts'
import mailer from '../../../plugins/mail/mailer.ts'
import { readConfig } from '../../../src/config/config.ts'
import { assemble } from '../../helpers/assemble.ts'
import { caught } from '../../helpers/caught.ts'
import { mailServer } from '../../helpers/mail-server.ts'

const ID = '0198a3c2-7f00-7000-8000-000000000000'
const LETTER = {
  template: 'password-changed',
  recipient: 'ada@example.com',
  variables: { name: 'ada' }
} as const
const FROM = { SMTP_URL: 'smtp://127.0.0.1:1', MAIL_FROM: 'no-reply@example.com' }
const SERVER = { DATABASE_URL: 'postgres://127.0.0.1:1/latchkey', SECRET_KEY: 'x'.repeat(32) }

async function start(t: Test, environment: Record<string, string> = {}) {
  const log: Record<string, unknown>[] = []
  const fastify = assemble(t, { plugins: [clock, config, mailer], config: readConfig(environment), log })
  await fastify.ready()
  return { fastify, log }
}

test('in a trial on one machine mail is shown rather than sent', async (t) => {
  const { fastify, log } = await start(t)
  await fastify.mailer?.send(ID, fastify.writeLetter(LETTER))
  t.match(fastify.mailbox?.list(), [{ id: ID, recipient: 'ada@example.com' }])
  t.match(fastify.mailboxUrl, /^http:\/\/127\.0\.0\.1:3000\/dev\/mail\?token=[\w-]{43}$/)
  t.strictSame(log, [{ msg: `mail is not sent, but shown at ${fastify.mailboxUrl} (set SMTP_URL to send it)` }])
  const { fastify: next } = await start(t)
  t.not(next.mailboxUrl, fastify.mailboxUrl, 'each start has a token of its own')
})

test('mail goes to the server of SMTP_URL until the service stops', async (t) => {
  const server = await mailServer(t)
  const { fastify, log } = await start(t, { SMTP_URL: server.url, MAIL_FROM: 'Example <no-reply@example.com>' })
  const message = fastify.writeLetter(LETTER)
  await fastify.mailer?.send(ID, message)
  t.match(server.received, [{ from: 'no-reply@example.com', to: ['ada@example.com'] }])
  t.strictSame([fastify.mailbox, fastify.mailboxUrl], [undefined, undefined])
  t.strictSame(log, [])
  await fastify.close()
  t.match(await caught(fastify.mailer?.send(ID, message) as Promise<void>), { name: 'DeliveryError', fate: 'away' })
})

test('no mail can be sent', async (t) => {
  const cases: [when: string, environment: Record<string, string>][] = [
    ['where the service is for others too', { PUBLIC_URL: 'https://auth.example.com' }],
    ['beside a database server', SERVER]
  ]
  for (const [when, environment] of cases) {
    await t.test(`${when}, which the log tells`, async (t) => {
      const { fastify, log } = await start(t, environment)
      t.strictSame([fastify.mailer, fastify.mailbox], [undefined, undefined])
      t.strictSame(log, [{ msg: 'no mail can be sent: set SMTP_URL and MAIL_FROM, or nobody can prove an address' }])
      await fastify.close()
    })
  }
})

test('letters name the service by', async (t) => {
  const cases: [what: string, environment: Record<string, string>, service: string][] = [
    ['the name of the sender', { ...FROM, MAIL_FROM: 'Example <no-reply@example.com>' }, 'Example'],
    ['the host of the frontend', { ...FROM, APP_URL: 'https://app.example.com/in' }, 'app.example.com'],
    ['the host of the service', { ...FROM, PUBLIC_URL: 'https://auth.example.com' }, 'auth.example.com']
  ]
  for (const [what, environment, service] of cases) {
    await t.test(what, async (t) => {
      const { fastify } = await start(t, environment)
      t.match(fastify.writeLetter(LETTER).text, `Sent by ${service} to ada@example.com.`)
    })
  }
})
