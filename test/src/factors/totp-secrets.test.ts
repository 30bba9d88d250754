import { randomBytes } from 'node:crypto'
import { TOTP } from 'otpauth'
import { test } from 'tap'
import { createDatabase } from '../../../src/database/database.ts'
import { base32 } from '../../../src/factors/base32.ts'
import {
  addPendingTotp,
  checkTotp,
  confirmTotp,
  deleteTotp,
  refundTotpCheck,
  resetWrongCodes,
  type TotpProof,
  useTotp
} from '../../../src/factors/totp-secrets.ts'
import { addUser } from '../../../src/users/users.ts'
import { testClock } from '../../helpers/app.ts'
import { caught } from '../../helpers/caught.ts'
import { migratedPool } from '../../helpers/pool.ts'

test('the authenticator app of an account', async (t) => {
  const pool = await migratedPool(t)
  const clock = testClock()
  const open = () => createDatabase(pool, { clock, timeout: 60_000 })
  const key = randomBytes(32)
  let count = 0
  const row = async (user: string) => (await pool.query('SELECT * FROM totp WHERE user_id = $1', [user])).rows[0]

  /** The database's clock is that of the machine here, so the app shows the code of its step. */
  const appOf = (secret: Buffer) => {
    const app = new TOTP({ secret: base32(secret) })
    return (steps = 0) => app.generate({ timestamp: clock.now() + steps * 30_000 })
  }

  /** A user with a secret that waits for its first code. */
  async function begin() {
    const { id: user } = await addUser(open(), { username: `user${count++}`, passwordHash: 'none' })
    const show = appOf(await addPendingTotp(open(), key, user))
    // To the beginning of a step: none ends while a test is at it.
    clock.advance(61 - ((clock.now() / 1000) % 30))
    return { user, show }
  }

  /** A user with a confirmed one, whose present code is not used. */
  async function enrol() {
    const { user, show } = await begin()
    t.equal(await confirmTotp(open(), key, user, show()), true)
    clock.advance(60)
    const check = (code = show()) => checkTotp(open(), key, user, code)
    const sign = async (code = show()) => {
      const proof = await check(code)
      return proof !== undefined && useTotp(open(), user, proof)
    }
    return { user, show, check, sign }
  }

  const wrong = (code: string) => String((Number(code) + 1) % 1_000_000).padStart(6, '0')

  await t.test('is confirmed by a code, which does not sign in', async (t) => {
    const { user, show } = await begin()
    t.equal(await checkTotp(open(), key, user, show()), undefined, 'it waits')
    t.equal(await confirmTotp(open(), key, user, '000000 '), false)
    t.equal(await confirmTotp(open(), key, user, show(3)), false)
    const code = show()
    t.equal(await confirmTotp(open(), key, user, code), true)
    t.equal(await confirmTotp(open(), key, user, show(1)), false, 'nothing waits any more')
    t.equal(await checkTotp(open(), key, user, code), undefined)
    t.match(await checkTotp(open(), key, user, show(1)), { step: Number })
    t.match(await row(user), { pending: null, pending_until: null, confirmed_at: Date })
  })

  await t.test('is confirmed within 600 s, and not where none was begun', async (t) => {
    const [early, late] = [await begin(), await begin()]
    clock.advance(470)
    t.equal(await confirmTotp(open(), key, early.user, early.show()), true)
    clock.advance(130)
    t.equal(await confirmTotp(open(), key, late.user, late.show()), false)
    t.equal(await confirmTotp(open(), key, '0198a3c2-7f00-7000-8000-000000000000', '123456'), false)
  })

  await t.test('goes on working until a new one is confirmed, and the newest counts', async (t) => {
    const { user, show, check, sign } = await enrol()
    const superseded = appOf(await addPendingTotp(open(), key, user))
    const newest = appOf(await addPendingTotp(open(), key, user))
    const before = (await check(show(1))) as TotpProof
    t.equal(await confirmTotp(open(), key, user, superseded()), false)
    t.equal(await sign(), true, 'the confirmed one')
    t.equal(await confirmTotp(open(), key, user, newest()), true, 'another secret, so a code of the same step')
    t.equal(await useTotp(open(), user, before), false, 'checked before the secret was replaced')
    clock.advance(60)
    t.equal(await sign(show()), false, 'the one before')
    t.equal(await sign(newest()), true)
  })

  await t.test('of fifty that confirm at once, one does', async (t) => {
    const { user, show } = await begin()
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => confirmTotp(open(), key, user, show())))
    t.equal(outcomes.filter(Boolean).length, 1)
  })

  await t.test('takes codes one step early or late, each step once and none before the last', async (t) => {
    const { show, sign } = await enrol()
    t.equal(await sign(show(-2)), false)
    t.equal(await sign(show(2)), false)
    t.equal(await sign(show(-1)), true)
    t.equal(await sign(show(-1)), false)
    t.equal(await sign(show(1)), true)
    t.equal(await sign(show()), false)
    clock.advance(30)
    t.equal(await sign(), false, 'the step was used early')
    clock.advance(30)
    t.equal(await sign(), true)
  })

  await t.test('of fifty right codes at once, one signs in', async (t) => {
    const { user, check, sign } = await enrol()
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => sign()))
    t.equal(outcomes.filter(Boolean).length, 1)
    t.equal(await check(), undefined)
    clock.advance(60)
    const proof = (await check()) as TotpProof
    t.equal(await useTotp(open(), user, proof), true)
    t.equal(await useTotp(open(), user, proof), false)
  })

  await t.test('is refused after 100 wrong codes in a row, however many at once', async (t) => {
    const { user, show, check, sign } = await enrol()
    for (let tries = 0; tries < 3; tries += 1) t.equal(await check(wrong(show())), undefined)
    t.equal((await row(user)).wrong_codes, 3)
    t.equal(await sign(), true)
    t.equal((await row(user)).wrong_codes, 0, 'a right code forgets them')
    clock.advance(60)
    await Promise.all(Array.from({ length: 120 }, () => check(wrong(show()))))
    t.equal((await row(user)).wrong_codes, 100)
    t.equal(await sign(), false)
    await resetWrongCodes(open(), user)
    t.equal(await sign(), true)
  })

  await t.test('refunds a code whose outcome is unknown', async (t) => {
    const { user, check } = await enrol()
    await check()
    await refundTotpCheck(open(), user)
    await refundTotpCheck(open(), user)
    t.equal((await row(user)).wrong_codes, 0)
  })

  await t.test('is sealed for its account alone', async (t) => {
    const [one, other] = [await enrol(), await enrol()]
    const { secret } = await row(one.user)
    t.equal(secret.length, 48)
    await pool.query('UPDATE totp SET secret = $1 WHERE user_id = $2', [secret, other.user])
    t.match(await caught(other.check()), { message: /cannot be opened/ })
    t.match(await caught(checkTotp(open(), randomBytes(32), one.user, one.show())), { message: /cannot be opened/ })
  })

  await t.test('goes with all that waits', async (t) => {
    const { user, check } = await enrol()
    const proof = (await check()) as TotpProof
    const waiting = await begin()
    t.equal(await deleteTotp(open(), user), true)
    t.equal(await deleteTotp(open(), user), false)
    t.equal(await deleteTotp(open(), waiting.user), false, 'it was never confirmed')
    t.equal(await row(waiting.user), undefined)
    t.equal(await check(), undefined)
    t.equal(await useTotp(open(), user, proof), false)
  })
})
