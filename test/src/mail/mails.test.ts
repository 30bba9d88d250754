import { test } from 'tap'
import { createDatabase } from '../../../src/database/database.ts'
import { sql } from '../../../src/database/sql.ts'
import { LETTERS } from '../../../src/mail/letters.ts'
import { enqueueMail, enqueueNotice, MAILS, type Mail, REQUEST_KINDS } from '../../../src/mail/mails.ts'
import type { Claimed } from '../../../src/outbox/outbox.ts'
import { addUser } from '../../../src/users/users.ts'
import { testClock } from '../../helpers/app.ts'
import { caught } from '../../helpers/caught.ts'
import { migratedPool } from '../../helpers/pool.ts'

const ADA = { kind: 'password changed', recipient: 'ada@example.com' } as const

test('the outbox of mail', async (t) => {
  const pool = await migratedPool(t)
  const clock = testClock()
  const database = createDatabase(pool, { clock, timeout: 60_000 })
  t.beforeEach(async () => {
    await database.query(sql`TRUNCATE mails`)
  })

  await t.test('accepts every kind, and none without a name', async (t) => {
    const kinds = [...LETTERS.map(({ kind }) => kind), ...REQUEST_KINDS]
    for (const kind of kinds) await enqueueMail(database, { kind, recipient: 'ada@example.com' })
    t.equal(await MAILS.count(database), kinds.length)
    const other = enqueueMail(database, { kind: '' as never, recipient: 'ada@example.com' })
    t.match(await caught(other), { code: '23514' })
  })

  await t.test('accepts no mail of an account that no longer exists', async (t) => {
    const ofNobody = { ...ADA, userId: '00000000-0000-0000-0000-000000000000' }
    t.equal(await enqueueMail(database, ofNobody), false)
    t.equal(await enqueueMail(database, ADA), true)
    t.equal(await MAILS.count(database), 1)
  })

  await t.test('returns a mail as it was enqueued, in the lane of its recipient', async (t) => {
    const { id: userId } = await addUser(database, { username: 'ada', passwordHash: '' })
    await enqueueMail(database, { ...ADA, recipient: 'Grace@example.com' })
    await enqueueMail(database, { ...ADA, userId, data: { new_email: 'a@example.com' } })
    // They are due at the same time, in no order.
    const mails = (await MAILS.claim(database, 10)).sort((one) => (one.user_id === null ? -1 : 1))
    const same = { ...ADA, attempts: 1, expired: false }
    const [{ id: first, ...one } = {} as Claimed<Mail>, { id: second, ...other } = {} as Claimed<Mail>] = mails
    t.strictSame(
      [one, other],
      [
        { ...same, recipient: 'Grace@example.com', lane: 'grace@example.com', user_id: null, data: {} },
        { ...same, lane: 'ada@example.com', user_id: userId, data: { new_email: 'a@example.com' } }
      ]
    )
    t.match([first, second], [/^[0-9a-f-]{14}7/, /^[0-9a-f-]{14}7/])
  })

  await t.test('has one lane for each recipient, in any letter case', async (t) => {
    for (const recipient of ['ada@example.com', 'ADA@example.com', 'grace@example.com']) {
      await enqueueMail(database, { ...ADA, recipient })
      clock.advance(1)
    }
    const claim = async () => (await MAILS.claim(database, 10)).map(({ recipient }) => recipient).sort()
    t.strictSame(await claim(), ['ada@example.com', 'grace@example.com'])
    t.strictSame(await claim(), ['ADA@example.com'])
  })

  await t.test('keeps a mail until its delay is over', async (t) => {
    await enqueueMail(database, { ...ADA, delay: 200_000 })
    t.strictSame(await MAILS.claim(database, 10), [])
    clock.advance(200)
    t.equal((await MAILS.claim(database, 10)).length, 1)
  })

  await t.test('leaves out requests', async (t) => {
    for (const kind of REQUEST_KINDS) await enqueueMail(database, { ...ADA, kind })
    t.strictSame(await MAILS.claim(database, 10), [])
  })

  await t.test('contains a mail if the change that it tells of was committed', async (t) => {
    await database.transact((transaction) => enqueueMail(transaction, ADA))
    const failing = database.transact(async (transaction) => {
      await enqueueMail(transaction, ADA)
      throw new Error('no')
    })
    await caught(failing)
    t.equal(await MAILS.count(database), 1)
  })

  await t.test('has a notice for each account with a verified address, and for no other', async (t) => {
    const add = async (names: Partial<Parameters<typeof addUser>[1]>) =>
      (await addUser(database, { passwordHash: '', ...names })).id
    const id = await add({ username: 'edith', email: 'edith@example.com', emailVerified: true })
    const others = [await add({ email: 'hedy@example.com' }), await add({ username: 'mary' })]
    for (const user of [id, ...others]) await enqueueNotice(database, user, { what: 'passkey added' })
    await enqueueNotice(database, id, { what: 'recovery code used', left: 9 })
    const mails = await database.query(sql`SELECT kind, recipient, user_id, data FROM mails ORDER BY data ->> 'what'`)
    const notice = { kind: 'security notice', recipient: 'edith@example.com', user_id: id }
    t.strictSame(mails, [
      { ...notice, data: { what: 'passkey added' } },
      { ...notice, data: { what: 'recovery code used', left: '9' } }
    ])
  })

  await t.test('loses the mails of an account that is deleted', async (t) => {
    const { id: userId } = await addUser(database, { username: 'grace', passwordHash: '' })
    await enqueueMail(database, { ...ADA, userId })
    await enqueueMail(database, ADA)
    await database.query(sql`DELETE FROM users WHERE id = ${userId}`)
    t.equal(await MAILS.count(database), 1)
  })
})
