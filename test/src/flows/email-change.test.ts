import { test } from 'tap'
import { v7 as uuid } from 'uuid'
import { readConfig } from '../../../src/config/config.ts'
import { createDatabase } from '../../../src/database/database.ts'
import { sql } from '../../../src/database/sql.ts'
import type { Problem } from '../../../src/errors.ts'
import { setEmail } from '../../../src/flows/account-email.ts'
import {
  confirmNewEmail,
  isAddressReserved,
  type Proof,
  rejectEmail,
  undoEmailChange,
  verifyEmail
} from '../../../src/flows/email-change.ts'
import { mintEmailToken, type NewEmailToken } from '../../../src/mail/email-tokens.ts'
import { addUser } from '../../../src/users/users.ts'
import { testClock } from '../../helpers/app.ts'
import { caught } from '../../helpers/caught.ts'
import { migratedPool } from '../../helpers/pool.ts'

const DAY = 24 * 60 * 60

test('addresses', async (t) => {
  const clock = testClock()
  const lifetimes = readConfig({})
  const secret = Buffer.alloc(32)
  const database = createDatabase(await migratedPool(t), { clock, timeout: 60_000 })
  let time = Date.now()
  const mint = async (given: Omit<NewEmailToken, 'mail'>) =>
    String(await mintEmailToken(database, Buffer.alloc(32), { mail: uuid({ msecs: time++ }), ...given }))
  const add = async (email: string, emailVerified: boolean) =>
    (await addUser(database, { email, emailVerified, passwordHash: 'none' })).id
  const change = async (user: string, email: string) =>
    confirmNewEmail(database, await mint({ purpose: 'confirm new email', user, email }))
  const addressOf = async (id: string) =>
    (await database.query(sql`SELECT email, email_verified, email_version FROM users WHERE id = ${id}`))[0]
  const changesOf = (id: string) =>
    database.query(sql`SELECT id, previous_email FROM email_changes WHERE user_id = ${id} ORDER BY id`)

  await t.test('are verified by a token and the owner of the account, idempotently', async (t) => {
    const ada = await add('ada@example.com', false)
    const token = await mint({ purpose: 'verify email', user: ada, email: 'ada@example.com' })
    const session = { sid: uuid(), sub: ada }
    const refused: [proof: Proof, code: string][] = [
      [{ passwordVersion: 2 }, 'INVALID_CREDENTIALS'],
      [{ session }, 'TOKEN_INVALID']
    ]
    for (const [proof, code] of refused) t.match(await caught(verifyEmail(database, lifetimes, token, proof)), { code })
    t.match(await addressOf(ada), { email_verified: false })
    const proof = { passwordVersion: 1 }
    t.strictSame(await verifyEmail(database, lifetimes, token, proof), { user: ada, done: false })
    t.strictSame(await addressOf(ada), { email: 'ada@example.com', email_verified: true, email_version: 1 })
    t.strictSame(await verifyEmail(database, lifetimes, token, proof), { user: ada, done: true })
    t.match(await caught(rejectEmail(database, lifetimes, token, false)), { code: 'EMAIL_TOKEN_INVALID' })
  })

  await t.test('that a stranger registered are removed, with an account that has no other name', async (t) => {
    const only = await add('only@example.com', false)
    const token = await mint({ purpose: 'verify email', user: only, email: 'only@example.com' })
    t.strictSame(await rejectEmail(database, lifetimes, token, true), { user: only, outcome: 'account deleted' })
    t.equal(await addressOf(only), undefined)
    for (const [username, needed, outcome] of [
      ['free', false, 'address removed'],
      ['bound', true, 'account disabled']
    ] as const) {
      const email = `${username}@example.com`
      const { id: user } = await addUser(database, { username, email, passwordHash: 'none' })
      const token = await mint({ purpose: 'verify email', user, email })
      t.strictSame(await rejectEmail(database, lifetimes, token, needed), { user, outcome })
      t.strictSame(await addressOf(user), { email: null, email_verified: false, email_version: 2 })
      const [row] = await database.query(sql`SELECT disabled_at IS NOT NULL AS disabled FROM users WHERE id = ${user}`)
      t.strictSame(row, { disabled: needed })
    }
  })

  await t.test('that an operator set are removed, and an account that existed before is not deleted', async (t) => {
    const given = async (user: string, email: string, undoLink = false) => {
      await setEmail(database, user, { email, verified: false, mail: false, undoLink })
      return rejectEmail(database, lifetimes, await mint({ purpose: 'verify email', user, email }), false)
    }
    const stateOf = async (id: string) =>
      (
        await database.query(
          sql`SELECT email, email_verified, disabled_at IS NOT NULL AS disabled FROM users WHERE id = ${id}`
        )
      )[0]

    const proven = await add('established@example.com', true)
    const restored = { user: proven, outcome: 'previous address restored' } as const
    t.strictSame(await given(proven, 'misspelt@example.com', true), restored)
    t.strictSame(await stateOf(proven), { email: 'established@example.com', email_verified: true, disabled: false })
    const [change] = await changesOf(proven)
    const undo = { purpose: 'undo email change', user: proven, email: 'established@example.com' } as const
    t.equal(await mint({ ...undo, change: String(change?.id) }), 'undefined', 'what was undone is not undone again')
    await setEmail(database, proven, {
      email: 'wrong@example.com',
      verified: true,
      mail: false,
      undoLink: true
    })
    t.strictSame(await given(proven, 'misspelt@example.com'), { user: proven, outcome: 'account disabled' })
    t.strictSame(await stateOf(proven), { email: 'misspelt@example.com', email_verified: false, disabled: true })

    const taken = await add('taken@example.com', true)
    await setEmail(database, taken, { email: 'a@example.com', verified: false, mail: false, undoLink: true })
    await add('TAKEN@example.com', true)
    const token = await mint({ purpose: 'verify email', user: taken, email: 'a@example.com' })
    t.strictSame(await rejectEmail(database, lifetimes, token, false), { user: taken, outcome: 'account disabled' })

    const unproven = await add('unproven-before@example.com', false)
    t.match(await given(unproven, 'typo@example.com', true), { outcome: 'account disabled' })

    const { id: named } = await addUser(database, { username: 'named', passwordHash: 'none' })
    t.match(await given(named, 'not-named@example.com', true), { outcome: 'address removed' })
    t.strictSame(await stateOf(named), { email: null, email_verified: false, disabled: false })

    const late = await add('late@example.com', true)
    await setEmail(database, late, {
      email: 'later@example.com',
      verified: false,
      mail: false,
      undoLink: true
    })
    clock.advance(8 * DAY + 1)
    const last = await mint({ purpose: 'verify email', user: late, email: 'later@example.com' })
    t.match(await rejectEmail(database, lifetimes, last, false), { outcome: 'account disabled' }, 'after eight days')
  })

  await t.test(
    'of the last administrator are not rejected where that would delete or disable the account',
    async (t) => {
      const admin = async (names: { username?: string; email: string }) => {
        const { id } = await addUser(database, { ...names, roles: ['admin'], passwordHash: 'none' })
        const token = await mint({ purpose: 'verify email', user: id, email: names.email })
        return {
          id,
          reject: (needed = false) => rejectEmail(database, lifetimes, token, needed).catch((error: Problem) => error)
        }
      }
      const ada = await admin({ email: 'ada.admin@example.com' })
      const before = await addressOf(ada.id)
      t.match(await ada.reject(), { code: 'LAST_ADMIN' })
      t.strictSame(await addressOf(ada.id), before)
      const bob = await admin({ username: 'bob.admin', email: 'bob.admin@example.com' })
      const both = await Promise.all([ada.reject(), bob.reject(true)])
      t.equal(both.filter((outcome) => 'code' in outcome && outcome.code === 'LAST_ADMIN').length, 1)
      const admins = await database.query(sql`SELECT FROM users WHERE roles = '{admin}' AND disabled_at IS NULL`)
      t.equal(admins.length, 1, 'of two at once, one stays')
      await database.query(sql`DELETE FROM users WHERE 'admin' = ANY (roles)`)

      const eve = await admin({ username: 'eve.admin', email: 'eve.admin@example.com' })
      t.match(await eve.reject(true), { code: 'LAST_ADMIN' }, 'if addresses must be verified')
      t.match(await eve.reject(), { outcome: 'address removed' }, 'the token was not used')
      t.match(await addressOf(eve.id), { email: null }, 'the account keeps its username')
      await setEmail(database, eve.id, { email: 'before@example.com', verified: true, mail: false, undoLink: true })
      await setEmail(database, eve.id, { email: 'eve.typo@example.com', verified: false, mail: false, undoLink: true })
      const token = await mint({ purpose: 'verify email', user: eve.id, email: 'eve.typo@example.com' })
      t.match(await rejectEmail(database, lifetimes, token, true), { outcome: 'previous address restored' })
      await database.query(sql`DELETE FROM users WHERE 'admin' = ANY (roles)`)
    }
  )

  await t.test('of the last administrator are restored, and the role stays', async (t) => {
    const { id: user } = await addUser(database, {
      email: 'root@example.com',
      emailVerified: true,
      roles: ['admin'],
      passwordHash: 'none'
    })
    await change(user, 'thief@example.com')
    const [made] = await changesOf(user)
    const undone = { purpose: 'undo email change', user, email: 'root@example.com', change: String(made?.id) } as const
    t.match(await undoEmailChange(database, lifetimes, secret, { token: await mint(undone) }), { owner: { id: user } })
    const kept = await database.query(sql`SELECT email FROM users WHERE roles = '{admin}' AND disabled_at IS NULL`)
    t.strictSame(kept, [{ email: 'root@example.com' }])
  })

  await t.test('that were verified are notified of a change, and can be restored', async (t) => {
    for (const [email, verified, next, kept] of [
      ['proven@example.com', true, 'b@example.com', [{ previous_email: 'proven@example.com' }]],
      ['unproven@example.com', false, 'c@example.com', []],
      ['same@example.com', true, 'Same@example.com', []]
    ] as const) {
      const user = await add(email, verified)
      t.equal(await change(user, next), user, email)
      t.strictSame(await addressOf(user), { email: next, email_verified: true, email_version: 2 })
      t.match(await changesOf(user), kept)
      t.equal((await changesOf(user)).length, kept.length)
      const mails = await database.query(sql`SELECT kind, recipient FROM mails WHERE user_id = ${user}`)
      t.strictSame(
        mails,
        kept.map(({ previous_email }) => ({ kind: 'email changed', recipient: previous_email }))
      )
    }
  })

  await t.test('are restored and all later changes undone, unless another account has the address', async (t) => {
    const user = await add('first@example.com', true)
    await change(user, 'second@example.com')
    await change(user, 'third@example.com')
    const [first] = await changesOf(user)
    const undone = {
      purpose: 'undo email change',
      user,
      email: 'first@example.com',
      change: String(first?.id)
    } as const
    const token = await mint(undone)
    const taken = await add('first@example.com', true)
    t.match(await caught(undoEmailChange(database, lifetimes, secret, { token })), { code: 'ACCOUNT_EXISTS' })
    t.match(await addressOf(user), { email: 'third@example.com' })
    await database.query(sql`DELETE FROM users WHERE id = ${taken}`)
    const { owner, ...done } = await undoEmailChange(database, lifetimes, secret, { token })
    t.match(owner, { id: user, password_hash: null, password_version: 2, device_version: 2 })
    t.strictSame(done, { ended: 0, deleted: { totp: false, passkeys: 0, identities: 0, dropped: false } })
    t.strictSame(await addressOf(user), { email: 'first@example.com', email_verified: true, email_version: 4 })
    const open = await database.query(sql`SELECT FROM email_changes WHERE user_id = ${user} AND undone_at IS NULL`)
    t.equal(open.length, 0)
  })

  await t.test('that were replaced are reserved for eight days, in any letter case', async (t) => {
    const user = await add('mine@example.com', true)
    await change(user, 'other@example.com')
    t.equal(await isAddressReserved(database, 'MINE@example.com'), true)
    t.equal(await isAddressReserved(database, 'other@example.com'), false)
    clock.advance(8 * DAY - 60)
    t.equal(await isAddressReserved(database, 'mine@example.com'), true)
    clock.advance(61)
    t.equal(await isAddressReserved(database, 'mine@example.com'), false)
  })
})
