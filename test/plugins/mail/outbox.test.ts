import { mock } from 'node:test'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { type Test, test } from 'tap'
import clockPlugin from '../../../plugins/clock.ts'
import configPlugin from '../../../plugins/config.ts'
import databasePlugin from '../../../plugins/database/database.ts'
import pgPlugin from '../../../plugins/database/pg.ts'
import outboxPlugin from '../../../plugins/mail/outbox.ts'
import { readConfig } from '../../../src/config/config.ts'
import { DeliveryError } from '../../../src/outbox/delivery-error.ts'
import { enqueueMail, LIFE, type NewMail } from '../../../src/outbox/outbox.ts'
import { addUser } from '../../../src/users/users.ts'
import { build, cutOff, post, testClock } from '../../helpers/app.ts'
import { assemble } from '../../helpers/assemble.ts'
import { caught } from '../../helpers/caught.ts'
import { embeddedDatabase, poolOf } from '../../helpers/database.ts'
import { mailServer } from '../../helpers/mail-server.ts'

const MAIL_FROM = 'Example <no-reply@example.com>'
const KIND = 'password changed'

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

test('the outbox', async (t) => {
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
  const fastify = await build(t, { clock, log, environment: { SMTP_URL: server.url, MAIL_FROM } })
  const database = fastify.database.open(60_000)
  const { id: userId } = await addUser(database, { email: 'ada@example.org', passwordHash: '' })
  const put = (recipient = 'ada@example.org') => enqueueMail(fastify.database.open(), { kind: KIND, recipient, userId })
  const { outbox } = fastify
  t.beforeEach(() => {
    code = 0
    log.length = 0
    server.received.length = 0
  })

  await t.test('sends a mail, and counts and logs it without its recipient', async (t) => {
    t.equal(outbox.available, true)
    await put()
    t.strictSame(server.received, [])
    await outbox.flush()
    t.match(server.received, [
      { from: 'no-reply@example.com', to: ['ada@example.org'], text: /password of ada@example.org/ }
    ])
    t.strictSame(mailLines(log), [{ level: 30, msg: 'sent a mail', kind: KIND, attempts: 1 }])
    t.strictSame(await figures(fastify), [
      'latchkey_mails_waiting 0',
      'latchkey_mails_sent_total 1',
      'latchkey_mails_failed_total 0',
      'latchkey_mails_lost_total 0'
    ])
  })

  await t.test('sends all that is due, in as many batches as it takes', async (t) => {
    for (let index = 0; index < 45; index += 1) await put(`${index}@example.org`)
    await outbox.flush()
    t.equal(new Set(server.received.map(({ to }) => String(to))).size, 45)
  })

  await t.test('drops a mail that comes to nothing, and the log has nothing of it', async (t) => {
    await enqueueMail(fastify.database.open(), { kind: KIND, recipient: 'nobody@example.org' })
    await outbox.flush()
    t.strictSame([server.received, mailLines(log)], [[], []])
    t.strictSame(outbox.outcomes.dropped, 1)
  })

  await t.test('sends later what a server refuses for now', async (t) => {
    await put()
    code = 450
    await outbox.flush()
    code = 0
    await outbox.flush()
    t.strictSame(server.received, [])
    t.equal(outbox.waiting, 1)
    clock.advance(15)
    await outbox.flush()
    t.equal(server.received.length, 1)
    const reason = 'EENVELOPE after RCPT TO, status 450'
    t.strictSame(mailLines(log), [
      { level: 40, msg: 'a mail was not sent, and will be tried again', kind: KIND, attempts: 1, reason },
      { level: 30, msg: 'sent a mail', kind: KIND, attempts: 2 }
    ])
  })

  await t.test(
    'gives up what a server refuses for good at once, and what it refuses for now after a day',
    async (t) => {
      const before = { ...outbox.outcomes }
      await put()
      code = 550
      await outbox.flush()
      await put()
      code = 450
      await outbox.flush()
      clock.advance(LIFE)
      await outbox.flush()
      const reason = 'EENVELOPE after RCPT TO, status 550'
      t.match(mailLines(log), [
        { level: 40, msg: 'a mail is given up: nobody has this address', kind: KIND, attempts: 1, reason },
        { level: 40, attempts: 1 },
        { level: 50, msg: 'a mail is given up: it could not be sent for a day', kind: KIND, attempts: 2 }
      ])
      t.strictSame(outbox.outcomes, {
        ...before,
        lost: before.lost + 1,
        expired: before.expired + 1,
        later: before.later + 1
      })
      t.strictSame((await figures(fastify))[3], 'latchkey_mails_lost_total 2', 'both are lost')
      t.strictSame(server.received, [])
    }
  )

  await t.test('waits for a server that is away, which the log tells once, and goes on when it is back', async (t) => {
    await server.close()
    await put()
    t.match(await caught(outbox.flush()), { name: 'DeliveryError', fate: 'away' })
    await put()
    await caught(outbox.flush())
    await outbox.flush()
    server = await open(Number(new URL(server.url).port))
    clock.advance(120)
    await outbox.flush()
    t.equal(server.received.length, 2)
    t.match(mailLines(log), [
      { level: 40, msg: 'mail cannot be sent, and waits', reason: /\w/ },
      { level: 30, msg: 'sent a mail' },
      { level: 30, msg: 'sent a mail' },
      { level: 30, msg: 'mail is sent again' }
    ])
    t.equal(mailLines(log).length, 4, 'a look that finds nothing due says nothing of the server')
  })

  await t.test('sends nothing while the database is away, and then goes on', async (t) => {
    await put()
    const putBack = cutOff(fastify)
    t.match(await caught(outbox.flush()), { code: 'DATABASE_UNAVAILABLE' })
    putBack()
    await outbox.flush()
    t.equal(server.received.length, 1)
    t.match(mailLines(log), [
      { level: 40, msg: 'mail cannot be sent, and waits' },
      { level: 30, msg: 'sent a mail' },
      { level: 30, msg: 'mail is sent again' }
    ])
  })

  await t.test('tries again a letter that cannot be written, and the log says why', async (t) => {
    await put()
    const { writeLetter } = fastify
    fastify.writeLetter = () => {
      throw new Error('out of ink')
    }
    await outbox.flush()
    fastify.writeLetter = writeLetter
    clock.advance(15)
    await outbox.flush()
    t.match(mailLines(log), [
      { level: 40, attempts: 1, err: 'out of ink' },
      { level: 30, msg: 'sent a mail', attempts: 2 }
    ])
  })

  await t.test('lets a route about mail through', async (t) => {
    t.equal(await fastify.requireMail(), undefined)
  })

  await t.test('holds up no request, and no stop for long, where a server hangs', async (t) => {
    await put()
    const held = new Promise<void>((resolve) => {
      hold = resolve
    })
    const flushing = caught(outbox.flush())
    await held
    const began = performance.now()
    const registered = await post(fastify, '/register', { username: 'grace', password: 'correct horse battery staple' })
    t.equal(registered.statusCode, 201)
    await fastify.close()
    t.ok(performance.now() - began < 15_000, 'a mail has half a minute')
    t.match(await flushing, { fate: 'away' })
  })
})

test('without a mail server', async (t) => {
  const log: string[] = []
  const environment = { PUBLIC_URL: 'https://auth.example.com' }
  const fastify = await build(t, { log, environment, database: await embeddedDatabase(t) })
  t.equal(fastify.outbox.available, false)
  fastify.outbox.nudge()
  t.match(await caught(fastify.requireMail()), { code: 'MAIL_UNAVAILABLE', statusCode: 503 })
  t.match(mailLines(log), [{ level: 40, msg: /^no mail can be sent: set SMTP_URL/ }])
})

test('the outbox is looked into', async (t) => {
  // Its time is the mock's: the driver's own timers for a connection to a server have no place in it.
  const where = await embeddedDatabase(t)
  const pool = await poolOf(t, where)
  const { rows } = await pool.query(
    "INSERT INTO users (id, username, password_hash, created_at) VALUES (gen_random_uuid(), 'ada', '', now()) RETURNING id"
  )
  const log: Record<string, unknown>[] = []
  let tries = 0
  let deliver = async (_id: string): Promise<void> => {}
  t.beforeEach(async () => {
    mock.timers.enable({ apis: ['setTimeout'] })
    await pool.query('TRUNCATE mails')
    log.length = 0
    tries = 0
    deliver = async () => {}
  })
  t.afterEach(() => mock.timers.reset())

  /** What the outbox needs, without what else has timers. */
  const needs = fp(
    async (fastify) => {
      const send = (id: string) => {
        tries += 1
        return deliver(id)
      }
      fastify.decorate('mailer', { send, close() {} })
      fastify.decorate('writeLetter', () => ({ recipient: '', subject: '', text: '', html: '' }))
      fastify.decorate('deriveKey', () => Buffer.alloc(32))
    },
    { name: 'mailer' }
  )
  const secret = fp(async () => {}, { name: 'derive-key' })

  async function start(t: Test) {
    const clock = testClock()
    const fastify = assemble(t, {
      plugins: [clockPlugin, configPlugin, pgPlugin, databasePlugin, needs, secret, outboxPlugin],
      config: readConfig({}),
      ...where,
      clock,
      log
    })
    await fastify.ready()
    return {
      fastify,
      clock,
      put: (mail: Partial<{ [Key in keyof NewMail]: NewMail[Key] | undefined }> = {}) =>
        enqueueMail(fastify.database.open(), {
          kind: KIND,
          recipient: '',
          userId: rows[0].id,
          ...mail
        } as NewMail),
      /** Resolves when the look that a timer has begun is over. */
      async look(milliseconds: number) {
        mock.timers.tick(milliseconds)
        await fastify.outbox.flush().catch(() => {})
        await new Promise(setImmediate)
      }
    }
  }

  /** Lets what is not waited for begin. */
  const settle = () => new Promise(setImmediate)

  /** Passes time bit by bit, with what it makes the outbox do, but not so much that it is looked into by itself. */
  async function passUntil(reached: () => boolean): Promise<void> {
    for (let step = 0; step < 80 && !reached(); step += 1) {
      mock.timers.tick(50)
      for (let turn = 0; turn < 5; turn += 1) {
        await pool.query('SELECT')
        await settle()
      }
    }
  }

  await t.test('each five seconds', async (t) => {
    const { look, put } = await start(t)
    for (const count of [1, 2]) {
      await put()
      mock.timers.tick(4999)
      await settle()
      t.equal(tries, count - 1)
      await look(1)
      t.equal(tries, count)
    }
  })

  await t.test('within a second when it is nudged, however often', async (t) => {
    const { fastify, look, put } = await start(t)
    await put()
    fastify.outbox.nudge()
    fastify.outbox.nudge()
    mock.timers.tick(199)
    await settle()
    t.equal(tries, 0)
    await look(801)
    t.equal(tries, 1)
  })

  await t.test('soon again when it is nudged meanwhile', async (t) => {
    const { fastify, look, put } = await start(t)
    await put()
    let began = () => {}
    const sending = new Promise<void>((resolve) => {
      began = resolve
    })
    let end = () => {}
    deliver = () =>
      new Promise((resolve) => {
        end = resolve
        began()
      })
    mock.timers.tick(5000)
    await sending
    await put()
    fastify.outbox.nudge()
    deliver = async () => {}
    end()
    await look(0)
    await look(1000)
    t.equal(tries, 2)
  })

  await t.test('soon again when it is nudged while it is looked into', async (t) => {
    const { fastify, look, put } = await start(t)
    const openDatabase = fastify.database.open
    fastify.database.open = (timeout) => {
      fastify.database.open = openDatabase
      fastify.outbox.nudge()
      return openDatabase(timeout)
    }
    await look(5000)
    await put()
    await passUntil(() => tries > 0)
    t.equal(tries, 1)
  })

  await t.test('less and less often while the server is away, whoever nudges it', async (t) => {
    const { fastify, clock, look, put } = await start(t)
    deliver = async () => {
      throw new DeliveryError('away', 'nobody there')
    }
    await put()
    await look(5000)
    await settle()
    const pauses = [2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]
    const due = () => pool.query('UPDATE mails SET next_attempt_at = created_at')
    for (const [index, pause] of pauses.entries()) {
      await due()
      fastify.outbox.nudge()
      mock.timers.tick(pause - 1)
      await settle()
      t.equal(tries, index + 1)
      mock.timers.tick(1)
      while (tries === index + 1) await settle()
      await fastify.outbox.flush().catch(() => {})
      await settle()
    }
    t.equal(fastify.outbox.outcomes.away, tries)
    deliver = async () => {}
    clock.advance(120)
    await look(60_000)
    await put()
    await look(5000)
    t.match(log, [
      { msg: 'mail cannot be sent, and waits', reason: 'nobody there' },
      { msg: 'sent a mail' },
      { msg: 'mail is sent again' },
      { msg: 'sent a mail' }
    ])
    t.equal(log.length, 4)
  })

  await t.test('again as soon as at first where a server takes some and goes away', async (t) => {
    const { fastify, clock, put } = await start(t)
    const flush = () => caught(fastify.outbox.flush())
    const away = async () => {
      throw new DeliveryError('away', 'too many')
    }
    deliver = away
    await put()
    await flush()
    clock.advance(60)
    await put()
    let left = 1
    deliver = async () => {
      if (left-- === 0) await away()
    }
    await flush()
    t.match(log, [
      { msg: 'mail cannot be sent, and waits' },
      { msg: 'sent a mail' },
      { msg: 'mail cannot be sent, and waits' }
    ])
  })

  await t.test('when a mail becomes due that was to wait', async (t) => {
    const { fastify, clock, look, put } = await start(t)
    await put({ delay: 120_000 })
    await put({ delay: 3_000 })
    fastify.outbox.nudge()
    await look(1000)
    t.equal(tries, 0)
    clock.advance(3)
    await passUntil(() => tries > 0)
    t.equal(tries, 1)
  })

  await t.test('for questions and for mails that are due, also while a mail to somebody else hangs', async (t) => {
    const { fastify, clock, look, put } = await start(t)
    const sent: string[] = []
    let release = () => {}
    deliver = () =>
      new Promise((resolve) => {
        release = resolve
      })
    await put()
    mock.timers.tick(5000)
    while (tries === 0) await settle()
    deliver = async (id) => {
      sent.push(id)
    }
    await put({ kind: 'registration asked', recipient: 'new@example.com', userId: undefined, delay: 2_000 })
    await put({ kind: 'reset asked', recipient: 'nobody@example.com', userId: undefined, delay: 1_000 })
    const { rows: asked } = await pool.query("SELECT id FROM mails WHERE kind = 'registration asked'")
    fastify.outbox.nudge()
    mock.timers.tick(1000)
    const kinds = async () => (await pool.query('SELECT kind FROM mails ORDER BY kind')).rows.map(({ kind }) => kind)
    while (`${await kinds()}` !== 'finish registration,password changed') await settle()
    t.strictSame(sent, [], 'which are answered at once, and sent later')
    clock.advance(2)
    await passUntil(() => sent.length > 0)
    t.strictSame(sent, [asked[0].id])
    release()
    await look(0)
    t.strictSame(await kinds(), [])
  })

  await t.test('until all questions are answered', async (t) => {
    const { look } = await start(t)
    await pool.query(
      `INSERT INTO mails (id, kind, recipient, data, created_at, next_attempt_at)
       SELECT gen_random_uuid(), 'reset asked', number || '@example.com', '{}', now(), now()
       FROM generate_series(1, 501) AS number`
    )
    await look(5000)
    t.equal((await pool.query('SELECT FROM mails')).rowCount, 0)
  })

  await t.test('and sent, while there is a fault in the looking, which the log tells once', async (t) => {
    const { fastify, look, put } = await start(t)
    const openDatabase = fastify.database.open
    const failing: FastifyInstance['database']['open'] = (timeout) => {
      const database = openDatabase(timeout)
      const query: typeof database.query = (statement) =>
        /asked|> moment/.test(statement.text) ? Promise.reject(new Error('no')) : database.query(statement)
      return { ...database, query }
    }
    for (const round of [1, 2]) {
      fastify.database.open = failing
      for (const time of [1, 2]) {
        await put()
        await look(5000)
        t.equal(tries, round * 2 - 2 + time)
      }
      fastify.database.open = openDatabase
      await look(5000)
    }
    const faults = log
      .filter(({ msg }) => msg !== 'sent a mail')
      .map(({ msg, err }) => `${msg}: ${(err as Error)?.message}`)
    t.strictSame(faults, Array(2).fill('could not look for what is to be sent: no'))
  })

  await t.test('no more once the service has stopped', async (t) => {
    const { fastify } = await start(t)
    await fastify.close()
    let asked = 0
    fastify.database.open = () => {
      asked += 1
      throw new Error('the database is gone')
    }
    fastify.outbox.nudge()
    mock.timers.tick(120_000)
    await settle()
    t.equal(asked, 0)
  })
})
