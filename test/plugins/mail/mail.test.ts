import type { FastifyInstance } from 'fastify'
import { test } from 'tap'
import { listAudit } from '../../../src/audit/list.ts'
import { sql } from '../../../src/database/sql.ts'
import { enqueueMail } from '../../../src/mail/mails.ts'
import { addUser } from '../../../src/users/users.ts'
import { answer, bearer, build, cutOff, NO_SERVER, PASSWORD, post, signIn, testClock } from '../../helpers/app.ts'
import { caught } from '../../helpers/caught.ts'
import { embeddedDatabase } from '../../helpers/database.ts'
import { letters, waiting } from '../../helpers/letters.ts'
import { mailServer } from '../../helpers/mail-server.ts'
import { testTimers } from '../../helpers/timers.ts'

const MAIL_FROM = 'Example <no-reply@example.com>'
const KIND = 'password changed'

/** The lines of the log about mail, without ids. */
function mailLines(log: string[]) {
  return log
    .map((line) => JSON.parse(line))
    .filter(({ msg }) => /mail/.test(msg))
    .map(({ level, msg, kind, attempts, reason, err }) =>
      JSON.parse(JSON.stringify({ level, msg, kind, attempts, reason, err: err?.message }))
    )
}

const metricsOf = async (fastify: FastifyInstance) =>
  (await fastify.metrics.metrics()).split('\n').filter((line) => line.startsWith('latchkey_mails'))

test('mail', async (t) => {
  let code = 0
  let hold: (() => void) | undefined
  const behaviour = {
    onRcptTo({ address }: { address: string }, _session: unknown, done: (error?: Error | null) => void) {
      if (hold) hold()
      else done(code ? Object.assign(new Error(`no ${address}`), { responseCode: code }) : null)
    }
  }
  const open = (port?: number) => mailServer(t, behaviour, port)
  let server = await open()
  const log: string[] = []
  const clock = testClock()
  const timers = testTimers()
  const fastify = await build(t, { clock, timers, log, environment: { SMTP_URL: server.url, MAIL_FROM } })
  const database = fastify.database.open(60_000)
  const { id: userId } = await addUser(database, { email: 'ada@example.org', passwordHash: '' })
  const put = (recipient = 'ada@example.org') => enqueueMail(fastify.database.open(), { kind: KIND, recipient, userId })
  const { mail } = fastify
  t.beforeEach(() => {
    code = 0
    log.length = 0
    server.received.length = 0
  })

  await t.test('is sent, counted and logged without its recipient', async (t) => {
    t.equal(mail.available, true)
    await put()
    t.strictSame(server.received, [])
    await mail.flush()
    t.match(server.received, [
      { from: 'no-reply@example.com', to: ['ada@example.org'], text: /password of ada@example.org at Example/ }
    ])
    t.strictSame(mailLines(log), [{ level: 30, msg: 'mail delivered', kind: KIND, attempts: 1 }])
    t.strictSame(await metricsOf(fastify), [
      'latchkey_mails_waiting 0',
      'latchkey_mails_sent_total 1',
      'latchkey_mails_failed_total 0',
      'latchkey_mails_lost_total 0'
    ])
  })

  await t.test('is sent until nothing is due', async (t) => {
    for (let index = 0; index < 45; index += 1) await put(`${index}@example.org`)
    await mail.flush()
    t.equal(new Set(server.received.map(({ to }) => String(to))).size, 45)
  })

  await t.test('is dropped without a line in the log if it is pointless', async (t) => {
    await enqueueMail(fastify.database.open(), { kind: KIND, recipient: 'nobody@example.org' })
    await mail.flush()
    t.strictSame([server.received, mailLines(log)], [[], []])
    t.equal(mail.outcomes.dropped, 1)
  })

  await t.test('is sent later if the server refuses it temporarily', async (t) => {
    await put()
    code = 450
    await mail.flush()
    code = 0
    await mail.flush()
    t.strictSame(server.received, [])
    t.equal(mail.waiting, 1)
    clock.advance(15)
    await mail.flush()
    t.equal(server.received.length, 1)
    const reason = 'EENVELOPE after RCPT TO, status 450'
    t.strictSame(mailLines(log), [
      { level: 40, msg: 'could not deliver mail, will retry', kind: KIND, attempts: 1, reason },
      { level: 30, msg: 'mail delivered', kind: KIND, attempts: 2 }
    ])
  })

  await t.test('is given up if the server refuses its recipient permanently', async (t) => {
    await put()
    code = 550
    await mail.flush()
    const reason = 'EENVELOPE after RCPT TO, status 550'
    t.strictSame(mailLines(log), [
      { level: 40, msg: 'gave up mail: the recipient was refused', kind: KIND, attempts: 1, reason }
    ])
    t.strictSame((await metricsOf(fastify)).slice(2), ['latchkey_mails_failed_total 1', 'latchkey_mails_lost_total 1'])
    await fastify.audit.flush()
    const lost = await listAudit(fastify.database.open(), { action: 'mail lost', limit: 10 })
    t.match(lost, [{ actor: 'service', account: userId, detail: { reason: KIND } }])
    await enqueueMail(database, { kind: 'finish registration', recipient: 'nobody@example.org' })
    await mail.flush()
    await fastify.audit.flush()
    t.match(await listAudit(database, { action: 'mail lost', limit: 1 }), [{ account: null }])
    log.length = 0
  })

  await t.test('waits while the server is unavailable', async (t) => {
    await server.close()
    await put()
    t.match(await caught(mail.flush()), { name: 'DeliveryError', failure: 'unavailable' })
    server = await open(Number(new URL(server.url).port))
    clock.advance(120)
    await mail.flush()
    t.equal(server.received.length, 1)
    t.match(mailLines(log), [
      { level: 40, msg: 'delivery of mail paused, will retry', reason: /\w/ },
      { level: 30, msg: 'mail delivered' },
      { level: 30, msg: 'delivery of mail resumed' }
    ])
  })

  await t.test('waits while the database is unavailable', async (t) => {
    await put()
    const restore = cutOff(fastify)
    t.match(await caught(mail.flush()), { code: 'DATABASE_UNAVAILABLE' })
    restore()
    await mail.flush()
    t.equal(server.received.length, 1)
  })

  await t.test('lets requests about mail pass', async (t) => {
    t.equal(await mail.require(), undefined)
  })

  await t.test('delays no request, and no stop by more than two seconds, if the server hangs', async (t) => {
    await put()
    const held = new Promise<void>((resolve) => {
      hold = resolve
    })
    const flushing = caught(mail.flush())
    await held
    const registered = await post(fastify, '/register', { username: 'grace', password: PASSWORD })
    t.equal(registered.statusCode, 201)
    let closed = false
    const closing = fastify.close().then(() => {
      closed = true
    })
    while (!closed) {
      await timers.pass(1_000)
      await new Promise(setImmediate)
    }
    await closing
    t.match(await flushing, { failure: 'unavailable' })
  })
})

test('without a mail server', async (t) => {
  const log: string[] = []
  const environment = { PUBLIC_URL: 'https://auth.example.com' }
  const fastify = await build(t, { log, environment, database: await embeddedDatabase(t) })
  const { mail } = fastify
  t.strictSame([mail.available, mail.mailbox], [false, undefined])
  mail.wake()
  t.match(await caught(mail.require()), { code: 'MAIL_UNAVAILABLE', statusCode: 503 })
  const msg = 'no mail can be sent, so that nobody can verify an address: set SMTP_URL and MAIL_FROM'
  t.strictSame(mailLines(log), [{ level: 40, msg }])
})

test('on one machine mail is shown instead of sent', async (t) => {
  const log: string[] = []
  const fastify = await build(t, { log, database: await embeddedDatabase(t) })
  const { mail } = fastify
  t.match(mailLines(log), [{ msg: `mail is not sent, but shown at ${mail.mailbox?.url} (set SMTP_URL to send it)` }])
  await post(fastify, '/register', { email: 'ada@example.com', password: PASSWORD })
  await mail.flush()
  t.match(mail.mailbox?.list(), [{ recipient: 'ada@example.com', text: /Sent by 127\.0\.0\.1 to ada@example\.com/ }])
})

test('the language of a request is stored where no account is known, and nowhere else', async (t) => {
  const fastify = await build(t)
  const { access_token } = await signIn(fastify, { username: 'ada' })
  const german = { 'accept-language': 'de-DE,de;q=0.9' }
  const change = { new_email: 'ada@example.com', current_password: PASSWORD }
  await post(fastify, '/email/change', change, { ...bearer(access_token), ...german })
  await post(fastify, '/password/forgot', { email: 'grace@example.com' }, german)
  await post(fastify, '/password/forgot', { email: 'grace@example.com' })
  t.strictSame(
    (await waiting(fastify)).map(({ kind, data }) => [kind, data]),
    [
      ['confirm new email', { password_version: '1', email_version: '1' }],
      ['reset asked', { locale: 'de' }],
      ['reset asked', {}]
    ]
  )
})

test('mail that a client requests', async (t) => {
  const clock = testClock()
  const fastify = await build(t, { clock, environment: { LIMITS: 'on', TRUSTED_PROXIES: '127.0.0.1' } })
  await signIn(fastify, { email: 'ada@example.com' })
  await letters(fastify)
  let client = 0
  const ask = (url: string, email: string, from = `198.51.100.${(client++ % 250) + 1}`) =>
    post(fastify, url, { email }, { 'x-forwarded-for': from })

  await t.test('is sent to an address five times in half an hour, of each kind, for all clients', async (t) => {
    const first = await ask('/password/forgot', 'ada@example.com')
    for (let i = 0; i < 6; i += 1) {
      t.strictSame(
        answer(await ask('/password/forgot', 'ADA@example.com')),
        answer(first),
        'and the answer is the same'
      )
    }
    t.equal((await letters(fastify)).length, 5)
    await ask('/email/resend', 'ada@example.com')
    t.match(await letters(fastify), [{ template: 'verify-email' }])
    clock.advance(1800)
    await ask('/password/forgot', 'ada@example.com')
    t.equal((await letters(fastify)).length, 1)
  })

  await t.test('is counted in the same way for an address without an account', async (t) => {
    for (let i = 0; i < 7; i += 1) t.equal((await ask('/password/forgot', 'nobody@example.com')).statusCode, 202)
    t.strictSame(await letters(fastify), [])
    const counts = await fastify.database.open().query(sql`SELECT count FROM limits WHERE count = 5`)
    t.strictSame(counts, [{ count: 5 }])
  })

  await t.test('is refused after 30 requests of one client in an hour', async (t) => {
    const statuses = []
    for (let i = 0; i < 31; i += 1) {
      const url = i % 2 ? '/password/forgot' : '/email/resend'
      statuses.push((await ask(url, `someone.${i}@example.com`, '203.0.113.7')).statusCode)
    }
    t.strictSame(statuses, [...Array(30).fill(202), 429])
    const response = await ask('/password/forgot', 'ada@example.com', '203.0.113.7')
    t.equal(response.json().code, 'TOO_MANY_REQUESTS')
    t.match(response.headers['retry-after'], /^\d+$/)
  })

  await t.test('is recorded without the address', async (t) => {
    await fastify.audit.flush()
    const records = await listAudit(fastify.database.open(), { limit: 1000 })
    const text = JSON.stringify(records)
    t.match(text, '"action":"mail asked"')
    t.match(text, '"action":"mail throttled"')
    t.notMatch(text, 'example.com')
  })
})

test('mail that a client requests has a delay', async (t) => {
  const waits = async (environment: Record<string, string>, embedded = false) => {
    const database = embedded ? { database: await embeddedDatabase(t) } : {}
    const fastify = await build(t, { environment, ...database })
    const { access_token } = await signIn(fastify, { username: 'grace', email: 'grace@example.com' })
    for (let index = 0; index < 20; index += 1) {
      const email = `${index}@example.com`
      await post(fastify, '/password/forgot', { email })
      await post(fastify, '/email/resend', { email })
      const change = { new_email: email, current_password: PASSWORD }
      await post(fastify, '/email/change', change, bearer(access_token))
    }
    const rows = await fastify.database
      .open()
      .query<{ kind: string; wait: number }>(
        sql`SELECT kind, extract(epoch FROM next_attempt_at - created_at)::float8 AS wait FROM mails`
      )
    return rows
  }

  await t.test('of a random length, up to five seconds', async (t) => {
    const rows = await waits(NO_SERVER)
    const timesOf = (wanted: string) => rows.filter(({ kind }) => kind === wanted).map(({ wait }) => wait)
    t.strictSame(timesOf('verify email'), [0], 'except for mail that reveals no more than the answer')
    for (const kind of ['confirm new email', 'reset asked', 'verification asked']) {
      const times = timesOf(kind)
      t.equal(times.length, 20)
      t.ok(
        times.every((wait) => wait >= 0 && wait <= 5),
        kind
      )
      t.ok(new Set(times).size > 15, 'and they differ')
      t.ok(Math.min(...times) < 2 && Math.max(...times) > 3, 'over the whole range')
    }
  })

  await t.test('of zero if it is only shown, on this machine', async (t) => {
    for (const { wait } of await waits({}, true)) t.equal(wait, 0)
  })
})

test('mail that joins an address to an account is counted for each account', async (t) => {
  const clock = testClock()
  const fastify = await build(t, { clock, environment: { LIMITS: 'on', TRUSTED_PROXIES: '127.0.0.1' } })
  let client = 0
  const from = () => ({ 'x-forwarded-for': `198.51.100.${(client++ % 250) + 1}` })
  const signInAs = async (username: string) => {
    await post(fastify, '/register', { username, password: PASSWORD }, from())
    const { access_token } = (await post(fastify, '/login', { username, password: PASSWORD }, from())).json()
    return bearer(access_token)
  }
  const change = (headers: Record<string, string>, new_email = 'owner@example.com') =>
    post(fastify, '/email/change', { new_email, current_password: PASSWORD }, { ...headers, ...from() })

  await t.test('requests of a stranger do not use up the share of the owner', async (t) => {
    const [stranger, owner] = [await signInAs('stranger'), await signInAs('owner')]
    for (let index = 0; index < 8; index += 1) t.equal((await change(stranger)).statusCode, 202)
    t.equal((await letters(fastify)).length, 5)
    t.equal((await change(owner, 'OWNER@example.com')).statusCode, 202)
    t.match(await letters(fastify), [{ template: 'confirm-new-email', variables: { name: 'owner' } }])
  })

  await t.test('all accounts together have a share of thirty', async (t) => {
    clock.advance(1800)
    for (const name of ['one', 'two', 'three', 'four', 'five', 'six', 'seven']) {
      const headers = await signInAs(name)
      for (let index = 0; index < 5; index += 1) t.equal((await change(headers)).statusCode, 202)
    }
    t.equal((await letters(fastify)).length, 30)
  })

  await t.test(
    'registering an address and deleting the account repeatedly does not use up the share of the owner',
    async (t) => {
      const email = 'victim@example.com'
      for (let index = 0; index < 6; index += 1) {
        await post(fastify, '/register', { email, password: PASSWORD }, from())
        const { access_token } = (await post(fastify, '/login', { email, password: PASSWORD }, from())).json()
        const gone = await fastify.inject({
          method: 'DELETE',
          url: '/me',
          headers: { 'content-type': 'application/json', ...bearer(access_token), ...from() },
          payload: { current_password: PASSWORD }
        })
        t.equal(gone.statusCode, 204)
      }
      await letters(fastify)
      t.equal((await post(fastify, '/register', { email, password: PASSWORD }, from())).statusCode, 201)
      t.match(await letters(fastify), [{ template: 'verify-email' }])
    }
  )
})
