import { test } from 'tap'
import { createDatabase } from '../../../src/database/database.ts'
import {
  addIdentity,
  deleteAllIdentities,
  deleteIdentitiesAt,
  deleteIdentity,
  findIdentityOwner,
  listIdentities,
  useIdentity
} from '../../../src/providers/identities.ts'
import type { ProvenIdentity } from '../../../src/providers/provider.ts'
import { addUser } from '../../../src/users/users.ts'
import { testClock } from '../../helpers/app.ts'
import { migratedPool } from '../../helpers/pool.ts'

const identityOf = (subject: string, more: Partial<ProvenIdentity> = {}): ProvenIdentity => ({
  issuer: 'https://id.example.com',
  subject,
  emailIsVerified: false,
  ...more
})

test('identities', async (t) => {
  const clock = testClock()
  const database = createDatabase(await migratedPool(t), { clock, timeout: 60_000 })
  const ada = await addUser(database, { username: 'ada', passwordHash: null })
  const bob = await addUser(database, { username: 'bob', passwordHash: null })

  await t.test('belong to one account', async (t) => {
    t.ok(await addIdentity(database, ada.id, 'test', identityOf('1', { email: 'ada@example.com' })))
    t.notOk(await addIdentity(database, ada.id, 'test', identityOf('1')))
    t.notOk(await addIdentity(database, bob.id, 'other', identityOf('1')))
    t.ok(await addIdentity(database, bob.id, 'test', identityOf('1', { issuer: 'https://other.example.com' })))
    t.equal(await findIdentityOwner(database, identityOf('1')), ada.id)
    t.equal(await findIdentityOwner(database, identityOf('2')), undefined)
    const at = await Promise.all([ada, bob].map(({ id }) => addIdentity(database, id, 'test', identityOf('race'))))
    t.strictSame(at.sort(), [false, true])
  })

  await t.test('find the account, and note the use and the address that they have now', async (t) => {
    t.equal(await useIdentity(database, identityOf('none')), undefined)
    t.match(await useIdentity(database, identityOf('1')), { id: ada.id, username: 'ada', email: null })
    const [kept] = await listIdentities(database, ada.id)
    t.match(kept, {
      provider: 'test',
      issuer: 'https://id.example.com',
      subject: '1',
      email: 'ada@example.com',
      last_used_at: Date
    })
    clock.advance(60)
    const changed = await useIdentity(database, identityOf('1', { email: 'new@example.com', emailIsVerified: true }))
    t.match(changed, { email: null }, 'never of the account')
    const [used] = await listIdentities(database, ada.id)
    t.equal(used?.email, 'new@example.com')
    t.ok(Number(used?.last_used_at) > Number(kept?.last_used_at))
    t.strictSame(used?.linked_at, kept?.linked_at)
  })

  await t.test('are deleted one by one, at one provider, or all', async (t) => {
    await deleteAllIdentities(database, ada.id)
    const subjects = async () => (await listIdentities(database, ada.id)).map(({ subject }) => subject)
    for (const [provider, subject] of [
      ['test', 'a'],
      ['test', 'b'],
      ['test', 'c'],
      ['other', 'd']
    ] as const) {
      await addIdentity(database, ada.id, provider, identityOf(subject))
      clock.advance(1)
    }
    t.strictSame(await subjects(), ['a', 'b', 'c', 'd'], 'the oldest first')
    const [first] = await listIdentities(database, ada.id)
    t.notOk(await deleteIdentity(database, bob.id, String(first?.id)), 'of another account')
    t.ok(await deleteIdentity(database, ada.id, String(first?.id)))
    t.notOk(await deleteIdentity(database, ada.id, String(first?.id)))
    t.equal(await deleteIdentitiesAt(database, ada.id, 'test'), 2)
    t.equal(await deleteIdentitiesAt(database, ada.id, 'test'), 0)
    t.strictSame(await subjects(), ['d'])
    t.equal(await deleteAllIdentities(database, ada.id), 1)
    t.strictSame(await subjects(), [])
    t.ok((await listIdentities(database, bob.id)).length > 0)
  })
})
