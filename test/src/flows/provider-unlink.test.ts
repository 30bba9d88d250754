import { test } from 'tap'
import { createDatabase } from '../../../src/database/database.ts'
import { unlinkProvider } from '../../../src/flows/provider-unlink.ts'
import { addIdentity, listIdentities } from '../../../src/providers/identities.ts'
import { addUser } from '../../../src/users/users.ts'
import { migratedPool } from '../../helpers/pool.ts'

test('unlinkProvider', async (t) => {
  const database = createDatabase(await migratedPool(t), { timeout: 60_000 })
  const ada = await addUser(database, { username: 'ada', passwordHash: null })
  const bob = await addUser(database, { username: 'bob', passwordHash: 'a hash' })
  const link = (user: string, provider: string, subject: string) =>
    addIdentity(database, user, provider, { issuer: `https://${provider}`, subject, emailIsVerified: false })
  await link(ada.id, 'google', '1')
  await link(ada.id, 'github', '2')
  await link(bob.id, 'google', '3')

  t.match(await unlinkProvider(database, 'ada', 'google', undefined), {
    account: { id: ada.id, username: 'ada' },
    removed: 1,
    canSignIn: true
  })
  t.match(await unlinkProvider(database, 'ada', 'github', undefined), { removed: 1, canSignIn: false })
  await t.rejects(unlinkProvider(database, 'ada', 'github', undefined), {
    message: 'ada has no identity of a provider with the id github.'
  })
  await t.rejects(unlinkProvider(database, 'eve', 'github', undefined), {
    message: 'There is no user with the username eve.'
  })

  await t.test('twice at once, removes them once', async (t) => {
    const outcomes = await Promise.allSettled([1, 2].map(() => unlinkProvider(database, 'bob', 'google', undefined)))
    t.strictSame(outcomes.map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
    t.strictSame(await listIdentities(database, bob.id), [])
  })
})
