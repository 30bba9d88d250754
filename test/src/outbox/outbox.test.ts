import { test } from 'tap'
import { createDatabase, type Database } from '../../../src/database/database.ts'
import { NOW, sql } from '../../../src/database/sql.ts'
import {
  answerQuestions,
  type Claimed,
  claimMails,
  countMails,
  deleteMails,
  enqueueMail,
  giveBackMails,
  KINDS,
  type Kind,
  LEASE,
  LIFE,
  nextMailDue,
  postponeMail,
  THROTTLED
} from '../../../src/outbox/outbox.ts'
import { addUser } from '../../../src/users/users.ts'
import { testClock } from '../../helpers/app.ts'
import { caught } from '../../helpers/caught.ts'
import { hasServer, meet } from '../../helpers/meeting.ts'
import { migratedPool } from '../../helpers/pool.ts'

const ADA = { kind: 'password changed', recipient: 'ada@example.com' } as const

test('the outbox', async (t) => {
  const pool = await migratedPool(t)
  const database = createDatabase(pool, { timeout: 60_000 })
  t.beforeEach(async () => {
    await database.query(sql`TRUNCATE mails`)
  })

  /** In how many seconds each mail is due, by this clock. */
  const dueIn = async () =>
    (
      await database.query(
        sql`SELECT extract(epoch FROM next_attempt_at - ${NOW})::float8 AS due, attempts
         FROM mails ORDER BY id`
      )
    ).map(({ due, attempts }) => ({ due, attempts }))

  await t.test('takes every kind of its list, and none without a name', async (t) => {
    for (const kind of KINDS) await enqueueMail(database, { kind, recipient: 'ada@example.com' })
    t.equal(await countMails(database), KINDS.length)
    const other = enqueueMail(database, { kind: '' as never, recipient: 'ada@example.com' })
    t.match(await caught(other), { code: '23514' })
  })

  await t.test('takes no mail of a user who has gone', async (t) => {
    const ofNobody = { ...ADA, userId: '00000000-0000-0000-0000-000000000000' }
    t.equal(await enqueueMail(database, ofNobody), false)
    t.equal(await enqueueMail(database, ADA), true)
    t.equal(await countMails(database), 1)
  })

  await t.test('gives what was put in, as it was put in', async (t) => {
    const { id: userId } = await addUser(database, { username: 'ada', passwordHash: '' })
    await enqueueMail(database, { ...ADA, recipient: 'Grace@example.com' })
    await enqueueMail(database, { ...ADA, userId, data: { new_email: 'a@example.com' } })
    // Of one moment, they are in no order.
    const mails = (await claimMails(database, 10)).sort((one) => (one.user_id === null ? -1 : 1))
    const same = { ...ADA, attempts: 1, expired: false }
    const [{ id: first, ...one } = {} as Claimed, { id: second, ...other } = {} as Claimed] = mails
    t.strictSame(
      [one, other],
      [
        { ...same, recipient: 'Grace@example.com', user_id: null, data: {} },
        { ...same, user_id: userId, data: { new_email: 'a@example.com' } }
      ]
    )
    t.match([first, second], [/^[0-9a-f-]{14}7/, /^[0-9a-f-]{14}7/])
  })

  await t.test('has a mail if the change that it tells of is committed, and not if it is not', async (t) => {
    await database.transact((transaction) => enqueueMail(transaction, ADA))
    const failing = database.transact(async (transaction) => {
      await enqueueMail(transaction, ADA)
      throw new Error('no')
    })
    await caught(failing)
    t.equal(await countMails(database), 1)
  })

  await t.test('loses the mails of an account that is deleted', async (t) => {
    const { id: userId } = await addUser(database, { username: 'grace', passwordHash: '' })
    await enqueueMail(database, { ...ADA, userId })
    await enqueueMail(database, ADA)
    await database.query(sql`DELETE FROM users WHERE id = ${userId}`)
    t.equal(await countMails(database), 1)
  })

  await t.test('gives each mail once, and again when its lease is over', async (t) => {
    const clock = testClock()
    const database = createDatabase(pool, { clock, timeout: 60_000 })
    await enqueueMail(database, ADA)
    const [mail] = await claimMails(database, 10)
    t.strictSame(await claimMails(database, 10), [])
    clock.advance(LEASE - 5)
    t.strictSame(await claimMails(database, 10), [])
    clock.advance(6)
    t.strictSame(await claimMails(database, 10), [{ ...mail, attempts: 2 }])
  })

  await t.test('gives many at once to many, each to one of them, the longest due first', async (t) => {
    const clock = testClock()
    const database = createDatabase(pool, { clock, timeout: 60_000 })
    for (let index = 0; index < 30; index += 1) {
      await enqueueMail(database, { ...ADA, recipient: `${index}` })
      clock.advance(1)
    }
    const recipients = (mails: Claimed[]) => mails.map(({ recipient }) => Number(recipient)).sort((a, b) => a - b)
    t.strictSame(recipients(await claimMails(database, 3)), [0, 1, 2])
    const taken = await Promise.all(Array.from({ length: 9 }, () => claimMails(database, 4)))
    t.strictSame(
      recipients(taken.flat()),
      Array.from({ length: 27 }, (_, index) => index + 3)
    )
  })

  await t.test('gives one at a time to a recipient, in any letter case, the longest due first', async (t) => {
    const clock = testClock()
    const database = createDatabase(pool, { clock, timeout: 60_000 })
    for (const recipient of ['ada@example.com', 'ADA@example.com', 'grace@example.com']) {
      await enqueueMail(database, { ...ADA, recipient })
      clock.advance(1)
    }
    const claim = async (busy?: string[]) =>
      (await claimMails(database, 10, busy)).map(({ recipient }) => recipient).sort()
    t.strictSame(await claim(['Grace@Example.com', 'Ada@example.com']), [])
    t.strictSame(await claim(), ['ada@example.com', 'grace@example.com'])
    t.strictSame(await claim(['ada@example.com']), [])
    t.strictSame(await claim(), ['ADA@example.com'])
  })

  await t.test('keeps a mail for as long as it is to wait', async (t) => {
    const clock = testClock()
    const database = createDatabase(pool, { clock, timeout: 60_000 })
    t.equal(await nextMailDue(database), undefined)
    await enqueueMail(database, { ...ADA, delay: 300_000 })
    await enqueueMail(database, { ...ADA, delay: 200_000 })
    const due = Number(await nextMailDue(database))
    t.ok(due > 100_000 && due <= 200_000, `${due}`)
    t.strictSame(await claimMails(database, 10), [])
    clock.advance(200)
    t.equal((await claimMails(database, 10)).length, 1)
  })

  await t.test('says of a mail of a day that it is too old', async (t) => {
    const clock = testClock()
    const database = createDatabase(pool, { clock, timeout: 60_000 })
    await enqueueMail(database, ADA)
    clock.advance(LIFE - 10)
    t.match(await claimMails(database, 1), [{ expired: false }])
    clock.advance(LEASE + 10)
    t.match(await claimMails(database, 1), [{ expired: true }])
  })

  await t.test(
    'puts a mail off for pauses that double, up to an hour, or a minute where nobody refused it',
    async (t) => {
      const cases: [attempts: number, reason: 'later' | 'away', longest: number][] = [
        [1, 'later', 15],
        [2, 'later', 30],
        [5, 'later', 240],
        [9, 'later', 3600],
        [2000, 'later', 3600],
        [1, 'away', 15],
        [3, 'away', 60],
        [2000, 'away', 60]
      ]
      for (const [attempts, reason, longest] of cases) {
        await database.query(sql`TRUNCATE mails`)
        for (let index = 0; index < 4; index += 1) await enqueueMail(database, { ...ADA, recipient: `${index}` })
        await database.query(sql`UPDATE mails SET attempts = ${attempts - 1}`)
        for (const mail of await claimMails(database, 4)) await postponeMail(database, mail, reason)
        const pauses = (await dueIn()).map(({ due }) => due)
        t.ok(
          pauses.every((pause) => pause > longest / 2 - 10 && pause <= longest),
          `${attempts} ${reason}: ${pauses.map(Math.round)}`
        )
        t.equal(new Set(pauses).size, 4, 'and no two the same')
      }
    }
  )

  await t.test('gives back what was not tried, as if it had not been taken', async (t) => {
    await enqueueMail(database, ADA)
    await enqueueMail(database, { ...ADA, recipient: 'grace@example.com' })
    const mails = await claimMails(database, 2)
    await giveBackMails(database, mails)
    const again = await claimMails(database, 2)
    t.strictSame(
      again.map(({ attempts }) => attempts),
      [1, 1]
    )
  })

  await t.test('leaves a mail to the instance that has taken it since', async (t) => {
    const clock = testClock()
    const database = createDatabase(pool, { clock, timeout: 60_000 })
    await enqueueMail(database, ADA)
    const [late] = (await claimMails(database, 1)) as [Claimed]
    clock.advance(LEASE + 1)
    await claimMails(database, 1)
    const taken = await database.query(sql`SELECT next_attempt_at, attempts FROM mails`)
    await postponeMail(database, late, 'later')
    await giveBackMails(database, [late])
    t.strictSame(await database.query(sql`SELECT next_attempt_at, attempts FROM mails`), taken)
  })

  await t.test('forgets what is deleted', async (t) => {
    for (const recipient of ['one', 'two', 'three']) await enqueueMail(database, { ...ADA, recipient })
    const mails = await claimMails(database, 2)
    await deleteMails(
      database,
      mails.map(({ id }) => id)
    )
    t.equal(await countMails(database), 1)
  })
})

test('questions', async (t) => {
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
  const cases: [kind: Kind, recipient: string, mail: object | undefined][] = [
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
        t.strictSame(await claimMails(database, 1), [], 'is not sent before it is answered')
      }
      t.equal(await answerQuestions(database), kind === 'password changed' ? 0 : 1)
      t.strictSame(await stored(), mail ? [{ ...before, ...mail }] : [], 'and keeps its id and its time')
      t.equal(await answerQuestions(database), 0)
    })
  }

  await t.test('that are throttled come to nothing, whoever is asked for', async (t) => {
    await database.query(sql`TRUNCATE mails`)
    for (const [kind, recipient] of cases.slice(0, 10)) {
      await enqueueMail(database, { kind, recipient, data: { [THROTTLED]: 'yes' } })
    }
    t.equal(await answerQuestions(database), 10)
    t.strictSame(await stored(), [])
  })

  await t.test('are answered in the order in which they were asked, so many at once', async (t) => {
    for (let index = 0; index < 5; index += 1) {
      await enqueueMail(database, { kind: 'registration asked', recipient: `${index}@example.com` })
    }
    t.strictSame([await answerQuestions(database, 3), await answerQuestions(database, 3)], [3, 2])
  })

  await t.test('are answered once, however many look at them', async (t) => {
    await database.query(sql`TRUNCATE mails`)
    for (let index = 0; index < 20; index += 1) {
      await enqueueMail(database, { kind: 'registration asked', recipient: `${index}@example.com` })
    }
    const counts = await Promise.all(Array.from({ length: 8 }, () => answerQuestions(database, 5)))
    t.ok(counts.reduce((sum, count) => sum + count) <= 20)
    while ((await answerQuestions(database)) > 0);
    t.equal(await countMails(database), 20)
  })

  await t.test('for an account that is being deleted are for nobody', async (t) => {
    await database.query(sql`TRUNCATE mails`)
    await enqueueMail(database, { kind: 'reset asked', recipient: 'grace@example.com' })
    if (hasServer) {
      const remove = (transaction: Database) => transaction.query(sql`DELETE FROM users WHERE id = ${ids.grace}`)
      t.equal((await meet(pool, remove, () => answerQuestions(database)))[1], 1)
    } else {
      await database.query(sql`DELETE FROM users WHERE id = ${ids.grace}`)
      await answerQuestions(database)
    }
    t.strictSame(await stored(), [])
  })
})
