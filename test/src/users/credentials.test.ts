import { test } from 'tap'
import { createDatabase } from '../../../src/database/database.ts'
import { sql } from '../../../src/database/sql.ts'
import { NO_PASSWORD } from '../../../src/passwords/stored-hash.ts'
import {
  changePasswordHash,
  findCredentials,
  findOwnCredentials,
  lockOwnCredentials,
  renewPasswordHash,
  replacePasswordHash,
  voidDevices
} from '../../../src/users/credentials.ts'
import { addUser } from '../../../src/users/users.ts'
import { migratedPool } from '../../helpers/pool.ts'

const HASH = 'what bcrypt made of the password'

test('the credentials of a user', async (t) => {
  const pool = await migratedPool(t)
  const database = createDatabase(pool, { timeout: 60_000 })
  const { id } = await addUser(database, { username: 'Ada', passwordHash: HASH })
  const grace = await addUser(database, { email: 'grace@example.com', passwordHash: HASH })
  const credentials = {
    id,
    username: 'Ada',
    email: null,
    email_verified: false,
    password_hash: HASH,
    password_version: 1,
    email_version: 1,
    device_version: 1,
    mfa_required: false,
    disabled: false
  }
  const change = (given: typeof credentials, hash: string) =>
    changePasswordHash(createDatabase(pool, { timeout: 60_000 }), given, hash)
  t.beforeEach(async () => {
    await database.query(sql`UPDATE users SET password_hash = ${HASH}, password_version = 1`)
  })

  await t.test('are found by the id', async (t) => {
    t.strictSame(await findOwnCredentials(database, id), credentials)
    t.strictSame(await findOwnCredentials(database, grace.id), {
      ...credentials,
      id: grace.id,
      username: null,
      email: 'grace@example.com'
    })
    t.equal(await findOwnCredentials(database, '01890a5d-ac96-774b-bcce-b302099a8057'), undefined)
  })

  await t.test(
    'have no hash without a password, also where an earlier version stored one that matches none',
    async (t) => {
      for (const hash of [null, NO_PASSWORD]) {
        await database.query(sql`UPDATE users SET password_hash = ${hash} WHERE id = ${id}`)
        const without = { ...credentials, password_hash: null }
        t.strictSame(await findOwnCredentials(database, id), without)
        t.strictSame(await findCredentials(database, { username: 'ada' }), without)
      }
      await replacePasswordHash(database, id, HASH)
      t.match(await findOwnCredentials(database, id), { password_hash: HASH, password_version: 2 })
      await replacePasswordHash(database, id, null)
      t.match(await findOwnCredentials(database, id), { password_hash: null, password_version: 3 })
    }
  )

  await t.test('are the same where the user is locked', async (t) => {
    t.strictSame(await lockOwnCredentials(database, id), credentials)
    t.equal(await lockOwnCredentials(database, '01890a5d-ac96-774b-bcce-b302099a8057'), undefined)
  })

  await t.test('have another hash and the next version when the password is changed', async (t) => {
    t.strictSame(await change(credentials, 'another hash'), { id, password_version: 2, device_version: 1 })
    const changed = { ...credentials, password_hash: 'another hash', password_version: 2 }
    t.strictSame(await findOwnCredentials(database, id), changed)
    t.match(await findOwnCredentials(database, grace.id), { password_hash: HASH, password_version: 1 })
    t.match(await change(changed, 'a third hash'), { password_version: 3 })
    t.match(await findOwnCredentials(database, id), { password_hash: 'a third hash', password_version: 3 })
  })

  await t.test('do not change if they were changed or deleted meanwhile', async (t) => {
    t.equal(await change({ ...credentials, password_version: 2 }, 'another hash'), undefined)
    t.equal(await change({ ...credentials, id: '01890a5d-ac96-774b-bcce-b302099a8057' }, 'another hash'), undefined)
    t.strictSame(await findOwnCredentials(database, id), credentials)
  })

  await t.test('change once, of several concurrent changes', async (t) => {
    const hashes = Array.from({ length: 10 }, (_, index) => `hash ${index}`)
    const outcomes = await Promise.all(hashes.map((hash) => change(credentials, hash)))
    const won = hashes.filter((_, index) => outcomes[index])
    t.equal(won.length, 1)
    t.strictSame(await findOwnCredentials(database, id), {
      ...credentials,
      password_hash: won[0],
      password_version: 2
    })
  })

  await t.test('have the next device version when devices are revoked', async (t) => {
    t.strictSame(await voidDevices(database, id), { id, password_version: 1, device_version: 2 })
    t.strictSame(await findOwnCredentials(database, id), { ...credentials, device_version: 2 })
    t.match(await findOwnCredentials(database, grace.id), { device_version: 1 })
    t.equal(await voidDevices(database, '01890a5d-ac96-774b-bcce-b302099a8057'), undefined)
    await database.query(sql`UPDATE users SET device_version = 1`)
  })

  await t.test('keep a change from being undone by a hash renewed too late', async (t) => {
    t.ok(await change(credentials, 'another hash'))
    await renewPasswordHash(database, credentials, 'too late')
    t.match(await findOwnCredentials(database, id), { password_hash: 'another hash', password_version: 2 })
  })
})
