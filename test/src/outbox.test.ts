import { test } from 'tap'
import { createDatabase } from '../../src/database.ts'
import {
  type Claimed,
  claimMails,
  countMails,
  deleteMails,
  enqueueMail,
  giveBackMails,
  KINDS,
  LEASE,
  LIFE,
  postponeMail
} from '../../src/outbox.ts'
import { addUser } from '../../src/users.ts'
import { caught } from '../caught.ts'
import { testClock } from '../helper.ts'
import { migratedPool } from '../pool.ts'

const ADA = { kind: 'password changed', recipient: 'ada@example.com' } as const

test('the outbox', async (t) => {
  const pool = await migratedPool(t)
  const database = createDatabase(pool, 60_000)
  t.beforeEach(async () => {
    await database.query('TRUNCATE mails')
  })

  /** In how many seconds each mail is due, by this clock. */
  const dueIn = async (clock = testClock()) =>
    (
      await database.query(
        `SELECT extract(epoch FROM next_attempt_at - now() - $1 * interval '1 millisecond')::float8 AS due, attempts
         FROM mails ORDER BY id`,
        [clock.offset]
      )
    ).map(({ due, attempts }) => ({ due, attempts }))

  await t.test('takes every kind of its list, and no other', async (t) => {
    for (const kind of KINDS) await enqueueMail(database, testClock(), { kind, recipient: 'ada@example.com' })
    t.equal(await countMails(database), KINDS.length)
    const other = enqueueMail(database, testClock(), { kind: 'spam' as never, recipient: 'ada@example.com' })
    t.match(await caught(other), { code: '23514' })
  })

  await t.test('takes no mail of a user who has gone', async (t) => {
    const ofNobody = { ...ADA, userId: '00000000-0000-0000-0000-000000000000' }
    t.equal(await enqueueMail(database, testClock(), ofNobody), false)
    t.equal(await enqueueMail(database, testClock(), ADA), true)
    t.equal(await countMails(database), 1)
  })

  await t.test('gives what was put in, as it was put in', async (t) => {
    const clock = testClock()
    const { id: userId } = await addUser(database, clock, { username: 'ada', passwordHash: '' })
    await enqueueMail(database, clock, ADA)
    await enqueueMail(database, clock, { ...ADA, userId, data: { new_email: 'a@example.com' } })
    // Of one moment, they are in no order.
    const mails = (await claimMails(database, clock, 10)).sort((one) => (one.user_id === null ? -1 : 1))
    const same = { ...ADA, attempts: 1, expired: false }
    const [{ id: first, ...one } = {} as Claimed, { id: second, ...other } = {} as Claimed] = mails
    t.strictSame(
      [one, other],
      [
        { ...same, user_id: null, data: {} },
        { ...same, user_id: userId, data: { new_email: 'a@example.com' } }
      ]
    )
    t.match([first, second], [/^[0-9a-f-]{14}7/, /^[0-9a-f-]{14}7/])
  })

  await t.test('has a mail if the change that it tells of is committed, and not if it is not', async (t) => {
    const clock = testClock()
    await database.transact((transaction) => enqueueMail(transaction, clock, ADA))
    const failing = database.transact(async (transaction) => {
      await enqueueMail(transaction, clock, ADA)
      throw new Error('no')
    })
    await caught(failing)
    t.equal(await countMails(database), 1)
  })

  await t.test('loses the mails of an account that is deleted', async (t) => {
    const clock = testClock()
    const { id: userId } = await addUser(database, clock, { username: 'grace', passwordHash: '' })
    await enqueueMail(database, clock, { ...ADA, userId })
    await enqueueMail(database, clock, ADA)
    await database.query('DELETE FROM users WHERE id = $1', [userId])
    t.equal(await countMails(database), 1)
  })

  await t.test('gives each mail once, and again when its lease is over', async (t) => {
    const clock = testClock()
    await enqueueMail(database, clock, ADA)
    const [mail] = await claimMails(database, clock, 10)
    t.strictSame(await claimMails(database, clock, 10), [])
    clock.advance(LEASE - 5)
    t.strictSame(await claimMails(database, clock, 10), [])
    clock.advance(6)
    t.strictSame(await claimMails(database, clock, 10), [{ ...mail, attempts: 2 }])
  })

  await t.test('gives many at once to many, each to one of them, the longest due first', async (t) => {
    const clock = testClock()
    for (let index = 0; index < 30; index += 1) {
      await enqueueMail(database, clock, { ...ADA, recipient: `${index}` })
      clock.advance(1)
    }
    const recipients = (mails: Claimed[]) => mails.map(({ recipient }) => Number(recipient)).sort((a, b) => a - b)
    t.strictSame(recipients(await claimMails(database, clock, 3)), [0, 1, 2])
    const taken = await Promise.all(Array.from({ length: 9 }, () => claimMails(database, clock, 4)))
    t.strictSame(
      recipients(taken.flat()),
      Array.from({ length: 27 }, (_, index) => index + 3)
    )
  })

  await t.test('says of a mail of a day that it is too old', async (t) => {
    const clock = testClock()
    await enqueueMail(database, clock, ADA)
    clock.advance(LIFE - 10)
    t.match(await claimMails(database, clock, 1), [{ expired: false }])
    clock.advance(LEASE + 10)
    t.match(await claimMails(database, clock, 1), [{ expired: true }])
  })

  await t.test(
    'puts a mail off for pauses that double, up to an hour, or a minute where nobody refused it',
    async (t) => {
      const clock = testClock()
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
        await database.query('TRUNCATE mails')
        for (let index = 0; index < 4; index += 1) await enqueueMail(database, clock, ADA)
        await database.query('UPDATE mails SET attempts = $1', [attempts - 1])
        for (const mail of await claimMails(database, clock, 4)) await postponeMail(database, clock, mail, reason)
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
    const clock = testClock()
    await enqueueMail(database, clock, ADA)
    await enqueueMail(database, clock, ADA)
    const mails = await claimMails(database, clock, 2)
    await giveBackMails(database, clock, mails)
    const again = await claimMails(database, clock, 2)
    t.strictSame(
      again.map(({ attempts }) => attempts),
      [1, 1]
    )
  })

  await t.test('leaves a mail to the instance that has taken it since', async (t) => {
    const clock = testClock()
    await enqueueMail(database, clock, ADA)
    const [late] = (await claimMails(database, clock, 1)) as [Claimed]
    clock.advance(LEASE + 1)
    await claimMails(database, clock, 1)
    const taken = await database.query('SELECT next_attempt_at, attempts FROM mails')
    await postponeMail(database, clock, late, 'later')
    await giveBackMails(database, clock, [late])
    t.strictSame(await database.query('SELECT next_attempt_at, attempts FROM mails'), taken)
  })

  await t.test('forgets what is deleted', async (t) => {
    const clock = testClock()
    for (let index = 0; index < 3; index += 1) await enqueueMail(database, clock, ADA)
    const mails = await claimMails(database, clock, 2)
    await deleteMails(
      database,
      mails.map(({ id }) => id)
    )
    t.equal(await countMails(database), 1)
  })
})
