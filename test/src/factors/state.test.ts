import { randomBytes } from 'node:crypto'
import { test } from 'tap'
import { createDatabase } from '../../../src/database/database.ts'
import { sql } from '../../../src/database/sql.ts'
import { addPasskey } from '../../../src/factors/passkeys.ts'
import { makeRecoveryCodes, useRecoveryCode } from '../../../src/factors/recovery-codes.ts'
import {
  deleteFactorsSince,
  dropRequirementIfNoFactor,
  type Factors,
  readFactors,
  requireSecondStep,
  usableFactors
} from '../../../src/factors/state.ts'
import { addPendingTotp } from '../../../src/factors/totp-secrets.ts'
import { NO_PASSWORD } from '../../../src/passwords/stored-hash.ts'
import { addUser } from '../../../src/users/users.ts'
import { testClock } from '../../helpers/app.ts'
import { migratedPool } from '../../helpers/pool.ts'

const NONE: Factors = {
  required: false,
  totp: null,
  passkeys: 0,
  usable_passkeys: 0,
  recovery_codes: 0,
  password: true
}

test('the factors of an account', async (t) => {
  const pool = await migratedPool(t)
  const clock = testClock()
  const open = () => createDatabase(pool, { clock, timeout: 60_000 })
  const key = randomBytes(32)
  let count = 0

  async function begin() {
    const { id: user } = await addUser(open(), { username: `user${count++}`, passwordHash: 'none' })
    const addApp = async () => {
      await addPendingTotp(open(), key, user)
      const moment = new Date(clock.now())
      await pool.query(
        'UPDATE totp SET secret = pending, confirmed_at = $2, pending = NULL, pending_until = NULL WHERE user_id = $1',
        [user, moment]
      )
    }
    const addKey = (rpId = 'example.com') =>
      addPasskey(open(), user, {
        credentialId: randomBytes(16),
        publicKey: randomBytes(16),
        signCount: 0,
        transports: [],
        rpId,
        aaguid: '00000000-0000-0000-0000-000000000000',
        backupEligible: false,
        backedUp: false
      })
    const remove = (table: string) => pool.query(`DELETE FROM ${table} WHERE user_id = $1`, [user])
    return { user, addApp, addKey, remove, read: () => readFactors(open(), user, 'example.com') }
  }

  await t.test('are none at first, and none of nobody', async (t) => {
    const { read } = await begin()
    t.strictSame(await read(), NONE)
    t.equal(await readFactors(open(), '0198a3c2-7f00-7000-8000-000000000000'), undefined)
  })

  await t.test('are said to have no password, whichever version stored the account', async (t) => {
    const { user, read } = await begin()
    for (const hash of [null, NO_PASSWORD]) {
      await open().query(sql`UPDATE users SET password_hash = ${hash} WHERE id = ${user}`)
      t.strictSame(await read(), { ...NONE, password: false })
    }
  })

  await t.test('are what was added and is left', async (t) => {
    const { user, addApp, addKey, read } = await begin()
    await addPendingTotp(open(), key, user)
    t.strictSame(await read(), NONE, 'a secret that waits is none')
    await addApp()
    await addKey()
    const [code = ''] = await makeRecoveryCodes(open(), key, user)
    await useRecoveryCode(open(), key, user, code)
    const factors = await read()
    t.type(factors?.totp?.created_at, Date)
    t.match(factors, { required: false, totp: { blocked: false }, passkeys: 1, recovery_codes: 9 })
    await pool.query('UPDATE totp SET wrong_codes = 100 WHERE user_id = $1', [user])
    t.match(await read(), { totp: { blocked: true } })
  })

  await t.test('can be required where there is one, and no longer', async (t) => {
    const { user, addKey, read } = await begin()
    const require = (required: boolean) => requireSecondStep(open(), user, required, 'example.com')
    t.equal(await require(true), false, 'without any')
    await addPendingTotp(open(), key, user)
    t.equal(await require(true), false, 'one that waits is none')
    await addKey('example.org')
    t.equal(await require(true), false, 'one of another RP ID is none')
    t.match(await read(), { passkeys: 1, usable_passkeys: 0 })
    t.match(await readFactors(open(), user), { passkeys: 1, usable_passkeys: 0 })
    await addKey()
    t.match(await read(), { passkeys: 2, usable_passkeys: 1 })
    t.equal(await require(true), true)
    t.equal(await require(true), false, 'already')
    t.match(await read(), { required: true })
    t.equal(await require(false), true)
    t.equal(await require(false), false)
    t.match(await read(), { required: false })
  })

  await t.test('are required, and have recovery codes, as long as one is left', async (t) => {
    const { user, addApp, addKey, remove, read } = await begin()
    await addApp()
    await addKey()
    await makeRecoveryCodes(open(), key, user)
    await requireSecondStep(open(), user, true, 'example.com')
    t.equal(await dropRequirementIfNoFactor(open(), user), false)
    await remove('totp')
    t.equal(await dropRequirementIfNoFactor(open(), user), false)
    t.match(await read(), { required: true, recovery_codes: 10 })
    await remove('passkeys')
    await addKey('example.org')
    t.equal(await dropRequirementIfNoFactor(open(), user), false, 'one of another RP ID counts here')
    await remove('passkeys')
    t.equal(await dropRequirementIfNoFactor(open(), user), true)
    t.strictSame(await read(), NONE)
    await makeRecoveryCodes(open(), key, user)
    t.equal(await dropRequirementIfNoFactor(open(), user), false, 'it was not required')
    t.strictSame(await read(), NONE)
  })

  await t.test('that were added since a moment are deleted, and no others', async (t) => {
    const { user, addApp, addKey, read } = await begin()
    await addApp()
    await addKey()
    await makeRecoveryCodes(open(), key, user)
    clock.advance(60)
    const since = new Date(clock.now())
    clock.advance(60)
    await addPendingTotp(open(), key, user)
    await addKey()
    t.strictSame(await deleteFactorsSince(open(), user, since), { totp: false, passkeys: 1 })
    t.match(await read(), { totp: { blocked: false }, passkeys: 1, recovery_codes: 10 })
    const { rows } = await pool.query('SELECT pending, pending_until FROM totp WHERE user_id = $1', [user])
    t.strictSame(rows, [{ pending: null, pending_until: null }])
    await addApp()
    await makeRecoveryCodes(open(), key, user)
    t.strictSame(await deleteFactorsSince(open(), user, since), { totp: true, passkeys: 0 })
    t.match(await read(), { totp: null, passkeys: 1, recovery_codes: 0 })
    await addPendingTotp(open(), key, user)
    t.strictSame(await deleteFactorsSince(open(), user, since), { totp: false, passkeys: 0 })
    t.equal((await pool.query('SELECT FROM totp WHERE user_id = $1', [user])).rowCount, 0)
  })
})

test('a challenge offers what the account can use here, in one order', (t) => {
  const totp = { created_at: new Date(0), blocked: false }
  const all = { required: true, totp, passkeys: 1, usable_passkeys: 1, recovery_codes: 1, password: true }
  const rows: [factors: Factors, offer: Parameters<typeof usableFactors>[1], usable: string[]][] = [
    [NONE, {}, []],
    [NONE, { password: true }, ['password']],
    [all, {}, ['totp', 'recovery_code', 'passkey']],
    [{ ...NONE, password: false }, { password: true }, []],
    [all, { password: true }, ['totp', 'recovery_code', 'passkey']],
    [{ ...all, required: false }, { password: true }, ['totp', 'recovery_code', 'passkey', 'password']],
    [{ ...all, usable_passkeys: 0 }, {}, ['totp', 'recovery_code']],
    [{ ...all, totp: { ...totp, blocked: true } }, {}, ['recovery_code', 'passkey']],
    [{ ...all, recovery_codes: 0, passkeys: 0, usable_passkeys: 0 }, {}, ['totp']]
  ]
  for (const [factors, offer, usable] of rows) t.strictSame(usableFactors(factors, offer), usable)
  t.end()
})
