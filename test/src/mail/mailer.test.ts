import { test } from 'tap'
import { systemClock } from '../../../src/clock.ts'
import { readConfig } from '../../../src/config/config.ts'
import { createMailer } from '../../../src/mail/mailer.ts'
import { caught } from '../../helpers/caught.ts'
import { mailServer } from '../../helpers/mail-server.ts'

const MESSAGE = { recipient: 'ada@example.com', language: 'en', subject: 'One', text: 'one\n', html: '<p>one</p>' }

const start = (environment: Record<string, string>) => createMailer(readConfig(environment), systemClock)

test('on one machine messages are shown, at a URL that differs with each start', async (t) => {
  const { mailer, mailbox } = start({})
  await mailer?.send('one', MESSAGE)
  t.match(mailbox?.list(), [{ id: 'one', ...MESSAGE }])
  t.match(mailbox?.url, /^http:\/\/127\.0\.0\.1:3000\/dev\/mail\?token=[\w-]{43}$/)
  t.not(start({}).mailbox?.url, mailbox?.url)
})

test('messages go to the server of SMTP_URL until the mailer is closed', async (t) => {
  const server = await mailServer(t)
  const { mailer, mailbox } = start({ SMTP_URL: server.url, MAIL_FROM: 'Example <no-reply@example.com>' })
  t.equal(mailbox, undefined)
  await mailer?.send('one', MESSAGE)
  t.match(server.received, [{ from: 'no-reply@example.com', to: ['ada@example.com'] }])
  mailer?.close()
  t.match(await caught(mailer?.send('two', MESSAGE) as Promise<void>), { failure: 'unavailable' })
})

test('no mail can be sent', (t) => {
  const cases: [when: string, environment: Record<string, string>][] = [
    ['if the service is reachable for others', { PUBLIC_URL: 'https://auth.example.com' }],
    ['beside a database server', { DATABASE_URL: 'postgres://127.0.0.1:1/latchkey', SECRET_KEY: 'x'.repeat(32) }]
  ]
  for (const [when, environment] of cases) t.strictSame(start(environment), {}, when)
  t.end()
})
