import { test } from 'tap'
import { createDatabase, type Database } from '../../../src/database/database.ts'
import { sql } from '../../../src/database/sql.ts'
import { enqueueMail, MAILS, type MailKind } from '../../../src/mail/mails.ts'
import { requestMail, resolveRequests, THROTTLED } from '../../../src/mail/requests.ts'
import { addUser } from '../../../src/users/users.ts'
import { testClock } from '../../helpers/app.ts'
import { hasServer, meet } from '../../helpers/meeting.ts'
import { migratedPool } from '../../helpers/pool.ts'

test('a throttled mail is inserted into the outbox like any other, and marked', async (t) => {
  const database = createDatabase(await migratedPool(t), { timeout: 60_000 })
  for (const throttled of [false, true]) {
    await requestMail(database, { kind: 'reset asked', recipient: `${throttled}@example.com` }, { throttled })
  }
  t.strictSame(await database.query(sql`SELECT kind, recipient, data FROM mails ORDER BY recipient`), [
    { kind: 'reset asked', recipient: 'false@example.com', data: {} },
    { kind: 'reset asked', recipient: 'true@example.com', data: { [THROTTLED]: 'yes' } }
  ])
})

test('requests', async (t) => {
  const pool = await migratedPool(t)
  const clock = testClock()
  const database = createDatabase(pool, { clock, timeout: 60_000 })
  const add = async (name: string, emailVerified: boolean) =>
    (await addUser(database, { email: `${name}@example.com`, emailVerified, passwordHash: '' })).id
  const ids = { Ada: await add('Ada', false), grace: await add('grace', true), gone: await add('gone', false) }
  await database.query(sql`UPDATE users SET disabled_at = now() WHERE id = ${ids.gone}`)

  const stored = () => database.query(sql`SELECT id, kind, recipient, user_id, next_attempt_at, attempts FROM mails`)

  const [ada, grace] = [
    { recipient: 'Ada@example.com', user_id: ids.Ada },
    { recipient: 'grace@example.com', user_id: ids.grace }
  ]
  const cases: [kind: MailKind, recipient: string, mail: object | undefined][] = [
    ['reset asked', 'ADA@example.com', { ...ada, kind: 'reset password' }],
    ['reset asked', 'Grace@Example.com', { ...grace, kind: 'reset password' }],
    ['reset asked', 'gone@example.com', undefined],
    ['reset asked', 'nobody@example.com', undefined],
    ['verification asked', 'ada@example.com', { ...ada, kind: 'verify email' }],
    ['verification asked', 'grace@example.com', undefined],
    ['verification asked', 'gone@example.com', undefined],
    ['verification asked', 'nobody@example.com', undefined],
    ['registration asked', 'ada@example.com', { ...ada, kind: 'finish registration' }],
    [
      'registration asked',
      'Nobody@example.com',
      { recipient: 'Nobody@example.com', user_id: null, kind: 'finish registration' }
    ],
    ['password changed', 'nobody@example.com', { recipient: 'nobody@example.com', kind: 'password changed' }]
  ]
  for (const [kind, recipient, mail] of cases) {
    await t.test(`${kind} for ${recipient}`, async (t) => {
      await database.query(sql`TRUNCATE mails`)
      await enqueueMail(database, { kind, recipient, delay: 4000 })
      const [before] = await stored()
      if (kind !== 'password changed') {
        clock.advance(10)
        t.strictSame(await MAILS.claim(database, 1), [], 'is not sent before it is resolved')
      }
      t.equal(await resolveRequests(database), kind === 'password changed' ? 0 : 1)
      t.strictSame(await stored(), mail ? [{ ...before, ...mail }] : [], 'and keeps its id and due time')
      t.equal(await resolveRequests(database), 0)
    })
  }

  await t.test('that are throttled are dropped, whether or not there is an account', async (t) => {
    await database.query(sql`TRUNCATE mails`)
    for (const [kind, recipient] of cases.slice(0, 10)) {
      await enqueueMail(database, { kind, recipient, data: { [THROTTLED]: 'yes' } })
    }
    t.equal(await resolveRequests(database), 10)
    t.strictSame(await stored(), [])
  })

  await t.test('are resolved in their order, in batches', async (t) => {
    for (let index = 0; index < 5; index += 1) {
      await enqueueMail(database, { kind: 'registration asked', recipient: `${index}@example.com` })
    }
    t.strictSame([await resolveRequests(database, 3), await resolveRequests(database, 3)], [3, 2])
  })

  await t.test('are resolved once by concurrent instances', async (t) => {
    await database.query(sql`TRUNCATE mails`)
    for (let index = 0; index < 20; index += 1) {
      await enqueueMail(database, { kind: 'registration asked', recipient: `${index}@example.com` })
    }
    const counts = await Promise.all(Array.from({ length: 8 }, () => resolveRequests(database, 5)))
    t.ok(counts.reduce((sum, count) => sum + count) <= 20)
    while ((await resolveRequests(database)) > 0);
    t.equal(await MAILS.count(database), 20)
  })

  await t.test('for an account that is being deleted are dropped', async (t) => {
    await database.query(sql`TRUNCATE mails`)
    await enqueueMail(database, { kind: 'reset asked', recipient: 'grace@example.com' })
    if (hasServer) {
      const remove = (transaction: Database) => transaction.query(sql`DELETE FROM users WHERE id = ${ids.grace}`)
      t.equal((await meet(pool, remove, () => resolveRequests(database)))[1], 1)
    } else {
      await database.query(sql`DELETE FROM users WHERE id = ${ids.grace}`)
      await resolveRequests(database)
    }
    t.strictSame(await stored(), [])
  })
})
