import { test } from 'tap'
import { createDatabase } from '../../../src/database/database.ts'
import {
  beginLoginStep,
  findLoginStep,
  listLoginSteps,
  refundLoginStep,
  tryLoginStep,
  useLoginStep,
  voidLoginSteps
} from '../../../src/factors/login-steps.ts'
import { addUser } from '../../../src/users/users.ts'
import { testClock } from '../../helpers/app.ts'
import { migratedPool } from '../../helpers/pool.ts'

test('the second step of a sign-in', async (t) => {
  const pool = await migratedPool(t)
  let count = 0

  /** A user who requires a second step, and one that has begun, on a clock of its own. */
  async function begin({ inCookie = false } = {}) {
    const clock = testClock()
    const open = () => createDatabase(pool, { clock, timeout: 60_000 })
    const { id } = await addUser(open(), { username: `user${count++}`, passwordHash: 'none' })
    const change = (what: string) => pool.query(`UPDATE users SET ${what} WHERE id = $1`, [id])
    await change('mfa_required = true')
    const start = () => beginLoginStep(open(), { id, password_version: 1, inCookie })
    const { token, hash } = (await start()) as { token: string; hash: Buffer }
    const step = { hash, account: { id } }
    const attempt = () => tryLoginStep(open(), token)
    const finish = () => open().transact((transaction) => useLoginStep(transaction, step))
    return { id, clock, open, change, start, token, step, attempt, finish }
  }

  await t.test('is found without an attempt for as long as it can succeed', async (t) => {
    const { id, token, step, open, attempt, finish } = await begin()
    const found = () => findLoginStep(open(), token)
    for (let count = 0; count < 5; count += 1) t.ok(await attempt())
    t.strictSame(await found(), { hash: step.hash, account: { id } })
    t.equal(await findLoginStep(open(), 'x'), undefined)
    t.equal(await finish(), true)
    t.equal(await found(), undefined)
  })

  for (const inCookie of [true, false]) {
    await t.test(`remembers what it follows, cookie ${inCookie}`, async (t) => {
      const { id, token, step, attempt, finish } = await begin({ inCookie })
      const names = { username: `user${count - 1}`, email: null, email_verified: false }
      t.match(token, /^[\w-]{43}$/)
      t.equal(step.hash.length, 32)
      const account = { id, ...names, password_version: 1, device_version: 1 }
      t.strictSame(await attempt(), { hash: step.hash, account, inCookie, amr: ['pwd'] })
      t.equal(await finish(), true)
    })
  }

  await t.test('ends once', async (t) => {
    const { attempt, finish, step, open } = await begin()
    await attempt()
    t.equal(await finish(), true)
    t.equal(await finish(), false)
    t.equal(await attempt(), undefined)
    t.equal(await useLoginStep(open(), { ...step, hash: Buffer.alloc(32) }), false)
  })

  await t.test('of fifty that end it at once, one does', async (t) => {
    const { finish } = await begin()
    const outcomes = await Promise.all(Array.from({ length: 50 }, finish))
    t.equal(outcomes.filter(Boolean).length, 1)
  })

  await t.test('takes five tries, however many come at once, and succeeds at the fifth', async (t) => {
    const { attempt, finish } = await begin()
    const outcomes = await Promise.all(Array.from({ length: 50 }, attempt))
    t.equal(outcomes.filter(Boolean).length, 5)
    t.equal(await attempt(), undefined)
    t.equal(await finish(), true)
  })

  await t.test('refunds an attempt whose outcome is unknown', async (t) => {
    const { step, attempt, open } = await begin()
    for (let tries = 0; tries < 5; tries += 1) t.ok(await attempt())
    await refundLoginStep(open(), step)
    t.ok(await attempt())
    t.equal(await attempt(), undefined)
    for (let refunds = 0; refunds < 7; refunds += 1) await refundLoginStep(open(), step)
    t.match(await listLoginSteps(open(), step.account.id), [{ attempts: 0 }])
  })

  await t.test('knows no other token', async (t) => {
    const { open, token } = await begin()
    for (const other of ['', 'x', `${token}x`, token.toLowerCase()]) {
      t.equal(await tryLoginStep(open(), other), undefined)
    }
  })

  const ends: [what: string, end: (step: Awaited<ReturnType<typeof begin>>) => unknown][] = [
    ['300 s', ({ clock }) => clock.advance(300)],
    ['a change of the password', ({ change }) => change('password_version = 2')],
    ['the account being disabled', ({ change }) => change('disabled_at = now()')],
    ['a change of the factors', ({ open, id }) => voidLoginSteps(open(), id)],
    ['the account being deleted', ({ id }) => pool.query('DELETE FROM users WHERE id = $1', [id])]
  ]
  for (const [what, end] of ends) {
    await t.test(`is void after ${what}`, async (t) => {
      const begun = await begin()
      t.ok(await begun.attempt())
      await end(begun)
      t.equal(await begun.attempt(), undefined)
      t.equal(await begun.finish(), false)
    })
  }

  await t.test('is good until then', async (t) => {
    const { clock, attempt, finish } = await begin()
    clock.advance(295)
    t.ok(await attempt())
    t.equal(await finish(), true)
  })

  for (const what of ['password_version = 2', 'disabled_at = now()', 'mfa_required = false']) {
    await t.test(`does not begin after ${what}`, async (t) => {
      const { change, start } = await begin()
      await change(what)
      t.equal(await start(), undefined)
    })
  }

  await t.test('is void for a transaction that began before the change', async (t) => {
    // It has waited for the lock, and its time is that of its start.
    const { id, open, clock, attempt, finish } = await begin()
    t.ok(await attempt())
    clock.advance(2)
    await voidLoginSteps(open(), id)
    clock.advance(-1)
    t.equal(await finish(), false)
  })

  await t.test('is shown without its hash, and not ended again by what voids', async (t) => {
    const { id, open, start, finish, clock } = await begin()
    t.equal(await finish(), true)
    clock.advance(1)
    await start()
    clock.advance(1)
    await voidLoginSteps(open(), id)
    const [used, voided] = await listLoginSteps(open(), id)
    t.strictSame(Object.keys(used ?? {}), ['created_at', 'expires_at', 'used_at', 'attempts'])
    const lifetime = (step = used) => Number(step?.expires_at) - Number(step?.created_at)
    t.equal(lifetime(), 300_000)
    t.ok(used?.used_at)
    t.ok(lifetime(voided) < 300_000)
  })
})
