import { randomBytes } from 'node:crypto'
import { test } from 'tap'
import { createDatabase } from '../../../src/database/database.ts'
import {
  addPasskey,
  countForeignPasskeys,
  deleteAllPasskeys,
  deletePasskey,
  describePasskeys,
  findPasskey,
  listPasskeys,
  MAX_PASSKEYS,
  type NewPasskey,
  notePasskeyUse,
  type Passkey,
  renamePasskey
} from '../../../src/factors/passkeys.ts'
import { addUser } from '../../../src/users/users.ts'
import { migratedPool } from '../../helpers/pool.ts'

const fresh = (given: Partial<NewPasskey> = {}): NewPasskey => ({
  credentialId: randomBytes(32),
  publicKey: randomBytes(77),
  signCount: 0,
  transports: ['internal', 'hybrid'],
  rpId: 'example.com',
  aaguid: '00000000-0000-0000-0000-000000000000',
  backupEligible: false,
  backedUp: false,
  ...given
})

test('passkeys', async (t) => {
  const pool = await migratedPool(t)
  const open = () => createDatabase(pool, { timeout: 60_000 })
  let count = 0
  const addOwner = async () => (await addUser(open(), { username: `user${count++}`, passwordHash: 'none' })).id
  const add = async (user: string, given: Partial<NewPasskey> = {}) =>
    (await addPasskey(open(), user, fresh(given))) as Passkey

  await t.test('are stored, listed and found', async (t) => {
    const user = await addOwner()
    const given = fresh({ backupEligible: true, backedUp: true, aaguid: 'bada5566-a7aa-401f-bd96-45619a55120d' })
    const passkey = (await addPasskey(open(), user, given)) as Passkey
    t.strictSame(passkey, {
      id: passkey.id,
      credential_id: given.credentialId.toString('base64url'),
      name: '1Password',
      created_at: passkey.created_at,
      last_used_at: null,
      backup_eligible: true,
      backed_up: true
    })
    const named = (await addPasskey(open(), user, fresh(), 'my key')) as Passkey
    t.equal(named.name, 'my key')
    t.strictSame(await listPasskeys(open(), user), [
      { ...passkey, transports: ['internal', 'hybrid'], rp_id: 'example.com' },
      { ...named, transports: ['internal', 'hybrid'], rp_id: 'example.com' }
    ])
    t.strictSame((await describePasskeys(open(), user, 'example.com'))[0], {
      credentialId: given.credentialId,
      transports: ['internal', 'hybrid']
    })
    t.strictSame(await findPasskey(open(), given.credentialId), {
      id: passkey.id,
      user,
      credentialId: given.credentialId,
      publicKey: given.publicKey,
      backupEligible: true
    })
    t.equal(await findPasskey(open(), randomBytes(32)), undefined)
  })

  await t.test('have credential ids of any bytes, up to 1,023', async (t) => {
    const user = await addOwner()
    const ids = [Buffer.from([0]), Buffer.from('fbfffe', 'hex'), Buffer.alloc(100, 0xff), Buffer.alloc(1023, 0xfb)]
    for (const credentialId of ids) {
      t.equal((await add(user, { credentialId })).credential_id, credentialId.toString('base64url'))
    }
  })

  await t.test('are registered once, for whomever', async (t) => {
    const [user, other] = [await addOwner(), await addOwner()]
    const passkey = fresh()
    t.type(await addPasskey(open(), user, passkey), Object)
    t.equal(await addPasskey(open(), user, passkey), 'known')
    t.equal(await addPasskey(open(), other, passkey), 'known')
  })

  await t.test('are at most twenty of an account, however many are added at once', async (t) => {
    const user = await addOwner()
    const outcomes = await Promise.all(Array.from({ length: 25 }, () => addPasskey(open(), user, fresh())))
    t.equal(outcomes.filter((outcome) => outcome === 'too many').length, 5)
    t.equal((await listPasskeys(open(), user)).length, MAX_PASSKEYS)
  })

  await t.test("are renamed and deleted by their owner, and nobody's else", async (t) => {
    const [user, other] = [await addOwner(), await addOwner()]
    const { id } = await add(user)
    t.equal(await renamePasskey(open(), other, id, 'mine'), undefined)
    t.match(await renamePasskey(open(), user, id, 'mine'), { id, name: 'mine' })
    t.equal(await deletePasskey(open(), other, id), false)
    t.equal(await deletePasskey(open(), user, id), true)
    t.equal(await deletePasskey(open(), user, id), false)
    await add(user)
    await add(user)
    await add(other)
    t.equal(await deleteAllPasskeys(open(), user), 2)
    t.equal((await listPasskeys(open(), other)).length, 1)
  })

  const uses: [what: string, stored: number, synced: boolean, shown: number, outcome: string][] = [
    ['a counter that goes up', 4, false, 5, 'used'],
    ['a counter that begins', 0, false, 1, 'used'],
    ['no counter', 0, false, 0, 'used'],
    ['the same counter', 4, false, 4, 'cloned'],
    ['a lower counter', 4, false, 3, 'cloned'],
    ['a counter that has gone', 4, false, 0, 'cloned'],
    ['a lower counter of a synced passkey', 4, true, 3, 'used'],
    ['the highest counter', 4, false, 0xffffffff, 'used']
  ]
  for (const [what, stored, synced, shown, outcome] of uses) {
    await t.test(`are ${outcome} with ${what}`, async (t) => {
      const { id } = await add(await addOwner(), { signCount: stored, backupEligible: synced })
      t.equal(await notePasskeyUse(open(), { id }, { signCount: shown, backedUp: synced }), outcome)
      const { rows } = await pool.query(
        'SELECT sign_count::int8::text, backed_up, last_used_at IS NOT NULL AS used FROM passkeys WHERE id = $1',
        [id]
      )
      t.strictSame(rows, [
        outcome === 'used'
          ? { sign_count: String(shown), backed_up: synced, used: true }
          : { sign_count: String(stored), backed_up: false, used: false }
      ])
    })
  }

  await t.test('that have gone are not used', async (t) => {
    const user = await addOwner()
    const { id } = await add(user)
    await deletePasskey(open(), user, id)
    t.equal(await notePasskeyUse(open(), { id }, { signCount: 1, backedUp: false }), 'gone')
  })

  await t.test('of fifty uses with one counter at once, one is', async (t) => {
    const { id } = await add(await addOwner(), { signCount: 4 })
    const use = () => notePasskeyUse(open(), { id }, { signCount: 5, backedUp: false })
    const outcomes = await Promise.all(Array.from({ length: 50 }, use))
    t.equal(outcomes.filter((outcome) => outcome === 'used').length, 1)
    t.equal(outcomes.filter((outcome) => outcome === 'cloned').length, 49)
  })

  await t.test('of another RP ID are counted', async (t) => {
    await pool.query('DELETE FROM passkeys')
    const user = await addOwner()
    await add(user)
    await add(user, { rpId: 'example.net' })
    t.equal(await countForeignPasskeys(open(), 'example.com'), 1)
    t.equal(await countForeignPasskeys(open(), undefined), 2, 'where there can be none')
  })
})
