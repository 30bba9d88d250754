import { test } from 'tap'
import { v7 as uuid } from 'uuid'
import { createDatabase } from '../../../src/database/database.ts'
import { sql } from '../../../src/database/sql.ts'
import { mintEmailToken } from '../../../src/mail/email-tokens.ts'
import { findVerification, useVerification } from '../../../src/mail/verification-tokens.ts'
import { addUser } from '../../../src/users/users.ts'
import { testClock } from '../../helpers/app.ts'
import { caught } from '../../helpers/caught.ts'
import { migratedPool } from '../../helpers/pool.ts'

const INVALID = { code: 'EMAIL_TOKEN_INVALID' }

test('a token that verifies an address', async (t) => {
  const clock = testClock()
  const database = createDatabase(await migratedPool(t), { clock, timeout: 60_000 })
  let user = ''
  const email = 'ada@example.com'
  t.beforeEach(async () => {
    await database.query(sql`TRUNCATE users CASCADE`)
    user = (await addUser(database, { username: 'ada', email, passwordHash: 'none' })).id
  })
  let time = Date.now()
  const mint = async () =>
    String(
      await mintEmailToken(database, Buffer.alloc(32), {
        mail: uuid({ msecs: time++ }),
        purpose: 'verify email',
        user,
        email
      })
    )
  const find = (token: string) => findVerification(database, token)
  const use = (token: string) => database.transact((transaction) => useVerification(transaction, token))
  const expected = (done: boolean) => ({
    user,
    names: { username: 'ada', email },
    passwordVersion: null,
    email,
    change: null,
    askedAt: null,
    done
  })

  await t.test('is found and used once', async (t) => {
    const token = await mint()
    t.strictSame(await find(token), expected(false))
    t.strictSame(await use(token), expected(false))
    t.equal(await find(token), undefined, 'it was used, but the address is not verified')
    t.match(await caught(use(token)), INVALID)
  })

  await t.test('may be used again while the address is verified by it', async (t) => {
    const token = await mint()
    await use(token)
    await database.query(sql`UPDATE users SET email_verified = true`)
    t.strictSame(await find(token), expected(true))
    t.strictSame(await use(token), expected(true))
    clock.advance(2 * 24 * 60 * 60)
    t.strictSame(await find(token), expected(true), 'also after its lifetime')
  })

  await t.test('is void', async (t) => {
    const cases: [when: string, change: () => Promise<unknown>][] = [
      ['once there is a newer one', mint],
      ['once it has expired', async () => clock.advance(24 * 60 * 60)],
      ['once the account has another address', () => database.query(sql`UPDATE users SET email_version = 2`)],
      ['once the account is disabled', () => database.query(sql`UPDATE users SET disabled_at = now()`)]
    ]
    for (const [when, change] of cases) {
      await t.test(when, async (t) => {
        const token = await mint()
        await change()
        t.equal(await find(token), undefined)
        t.match(await caught(use(token)), INVALID)
      })
    }
  })
})
