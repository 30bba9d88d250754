import type { FastifyInstance } from 'fastify'
import { type Test, test } from 'tap'
import { enqueueMail, LIFE } from '../../src/outbox.ts'
import { addUser } from '../../src/users.ts'
import { caught } from '../caught.ts'
import { build, cutOff, post, type TestClock, testClock } from '../helper.ts'
import { type MailServer, mailServer } from '../mail-server.ts'

const MAIL_FROM = 'Example <no-reply@example.com>'

/** An application that sends to a server, and what puts a mail for a user into its outbox. */
async function sending(t: Test, server: Pick<MailServer, 'url'>, clock: TestClock = testClock()) {
  const log: string[] = []
  const fastify = await build(t, { clock, log, environment: { SMTP_URL: server.url, MAIL_FROM } })
  const database = fastify.openDatabase()
  const { id: userId } = await addUser(database, clock, { email: 'ada@example.org', passwordHash: '' })
  const put = (recipient = 'ada@example.org') =>
    enqueueMail(fastify.openDatabase(), clock, { kind: 'password changed', recipient, userId })
  return { fastify, clock, put, lines: () => mailLines(log) }
}

/** What the log says of mails, without the ids. */
function mailLines(log: string[]) {
  return log
    .map((line) => JSON.parse(line))
    .filter(({ msg }) => /mail/.test(msg))
    .map(({ level, msg, kind, attempts, reason, err }) =>
      JSON.parse(JSON.stringify({ level, msg, kind, attempts, reason, err: err?.message }))
    )
}

const figures = async (fastify: FastifyInstance) =>
  (await fastify.metrics.metrics()).split('\n').filter((line) => line.startsWith('latchkey_mails'))

test('a mail is sent, counted and logged without its recipient', async (t) => {
  const server = await mailServer(t)
  const { fastify, put, lines } = await sending(t, server)
  t.equal(fastify.outbox.available, true)
  await put()
  t.strictSame(server.received, [])
  await fastify.outbox.flush()
  t.match(server.received, [
    { from: 'no-reply@example.com', to: ['ada@example.org'], text: /password of ada@example.org/ }
  ])
  t.strictSame(lines(), [{ level: 30, msg: 'sent a mail', kind: 'password changed', attempts: 1 }])
  t.strictSame(await figures(fastify), [
    'latchkey_mails_waiting 0',
    'latchkey_mails_sent_total 1',
    'latchkey_mails_failed_total 0',
    'latchkey_mails_lost_total 0'
  ])
})

test('all that is due is sent, in as many batches as it takes', async (t) => {
  const server = await mailServer(t)
  const { fastify, put } = await sending(t, server)
  for (let index = 0; index < 45; index += 1) await put(`${index}@example.org`)
  await fastify.outbox.flush()
  t.equal(new Set(server.received.map(({ to }) => String(to))).size, 45)
})

test('a mail that comes to nothing is dropped, and the log has nothing of it', async (t) => {
  const server = await mailServer(t)
  const { fastify, lines } = await sending(t, server)
  const nobody = { kind: 'password changed', recipient: 'nobody@example.org' } as const
  await enqueueMail(fastify.openDatabase(), fastify.clock, nobody)
  await fastify.outbox.flush()
  t.strictSame([server.received, lines()], [[], []])
  t.strictSame(fastify.outbox.outcomes.dropped, 1)
})

test('what a server refuses', async (t) => {
  let code = 450
  const server = await mailServer(t, {
    onRcptTo({ address }, _session, done) {
      done(code ? Object.assign(new Error(`no ${address}`), { responseCode: code }) : null)
    }
  })
  const { fastify, clock, put, lines } = await sending(t, server)
  const kind = 'password changed'

  await t.test('for now is sent later', async (t) => {
    await put()
    await fastify.outbox.flush()
    code = 0
    await fastify.outbox.flush()
    t.strictSame(server.received, [])
    t.equal(fastify.outbox.waiting, 1)
    clock.advance(15)
    await fastify.outbox.flush()
    t.equal(server.received.length, 1)
    const reason = 'EENVELOPE after RCPT TO, status 450'
    t.strictSame(lines(), [
      { level: 40, msg: 'a mail was not sent, and will be tried again', kind, attempts: 1, reason },
      { level: 30, msg: 'sent a mail', kind, attempts: 2 }
    ])
  })

  await t.test('for good is given up at once, and for now after a day', async (t) => {
    await put()
    code = 550
    await fastify.outbox.flush()
    await put()
    code = 450
    await fastify.outbox.flush()
    clock.advance(LIFE)
    await fastify.outbox.flush()
    const reason = 'EENVELOPE after RCPT TO, status 550'
    t.match(lines().slice(2), [
      { level: 40, msg: 'a mail is given up: nobody has this address', kind, attempts: 1, reason },
      { level: 40, attempts: 1 },
      { level: 50, msg: 'a mail is given up: it could not be sent for a day', kind, attempts: 2 }
    ])
    t.strictSame(await figures(fastify), [
      'latchkey_mails_waiting 0',
      'latchkey_mails_sent_total 1',
      'latchkey_mails_failed_total 2',
      'latchkey_mails_lost_total 2'
    ])
    t.equal(server.received.length, 1)
  })
})

test('while the server is away mails wait, which the log tells once; when it is back, they are sent', async (t) => {
  const server = await mailServer(t)
  const { fastify, clock, put, lines } = await sending(t, server)
  await server.close()
  await put()
  t.match(await caught(fastify.outbox.flush()), { name: 'Undelivered', fate: 'away' })
  await put()
  await caught(fastify.outbox.flush())
  const back = await mailServer(t, {}, Number(new URL(server.url).port))
  clock.advance(120)
  await fastify.outbox.flush()
  t.equal(back.received.length, 2)
  t.match(lines(), [
    { level: 40, msg: 'mail cannot be sent, and waits', reason: /ECONNREFUSED/ },
    { level: 30, msg: 'sent a mail' },
    { level: 30, msg: 'sent a mail' }
  ])
})

test('while the database is away nothing is sent, and then it goes on', async (t) => {
  const server = await mailServer(t)
  const { fastify, put, lines } = await sending(t, server)
  await put()
  const putBack = cutOff(fastify)
  t.match(await caught(fastify.outbox.flush()), { code: 'DATABASE_UNAVAILABLE' })
  putBack()
  await fastify.outbox.flush()
  t.equal(server.received.length, 1)
  t.match(lines(), [
    { level: 40, msg: 'mail cannot be sent, and waits' },
    { level: 30, msg: 'sent a mail' }
  ])
})

test('a letter that cannot be written is tried again, and the log says why', async (t) => {
  const server = await mailServer(t)
  const { fastify, clock, put, lines } = await sending(t, server)
  await put()
  const { writeLetter } = fastify
  fastify.writeLetter = () => {
    throw new Error('out of ink')
  }
  await fastify.outbox.flush()
  fastify.writeLetter = writeLetter
  clock.advance(15)
  await fastify.outbox.flush()
  t.match(lines(), [
    { level: 40, attempts: 1, err: 'out of ink' },
    { level: 30, msg: 'sent a mail', attempts: 2 }
  ])
})

test('a server that hangs holds up no request, and no stop for long', async (t) => {
  let connected = () => {}
  const connection = new Promise<void>((resolve) => {
    connected = resolve
  })
  const server = await mailServer(t, { onConnect: () => connected() })
  const { fastify, put } = await sending(t, server)
  await put()
  const flushing = caught(fastify.outbox.flush())
  await connection
  const began = performance.now()
  const registered = await post(fastify, '/register', { username: 'grace', password: 'correct horse battery staple' })
  t.equal(registered.statusCode, 201)
  await fastify.close()
  t.ok(performance.now() - began < 15_000, 'a mail has half a minute')
  t.match(await flushing, { fate: 'away' })
})

test('without a mail server', async (t) => {
  const log: string[] = []
  const fastify = await build(t, { log, environment: { PUBLIC_URL: 'https://auth.example.com' } })
  t.equal(fastify.outbox.available, false)
  fastify.outbox.nudge()
  t.match(await caught(fastify.requireMail()), { code: 'MAIL_UNAVAILABLE', statusCode: 503 })
  t.match(mailLines(log), [{ level: 40, msg: /^no mail can be sent: set SMTP_URL/ }])
})

test('with one, a route about mail is let through', async (t) => {
  const { fastify } = await sending(t, await mailServer(t))
  t.equal(await fastify.requireMail(), undefined)
})
