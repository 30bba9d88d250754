import { randomBytes } from 'node:crypto'
import { test } from 'tap'
import { createDatabase } from '../../../src/database/database.ts'
import { sql } from '../../../src/database/sql.ts'
import { addPasskey } from '../../../src/factors/passkeys.ts'
import { requireCredential } from '../../../src/flows/last-credential.ts'
import { NO_PASSWORD } from '../../../src/passwords/stored-hash.ts'
import { addUser, type NewUser } from '../../../src/users/users.ts'
import { migratedPool } from '../../helpers/pool.ts'

const RP_ID = 'example.com'

test('requireCredential', async (t) => {
  const database = createDatabase(await migratedPool(t), { timeout: 60_000 })
  const email = 'ada@example.com'
  const cases: [what: string, account: NewUser, passkeyOf: string | undefined, able: boolean][] = [
    ['a password', { username: 'ada', passwordHash: 'a hash' }, undefined, true],
    ['a verified address', { email, emailVerified: true, passwordHash: null }, undefined, true],
    ['an address that is not verified', { email, passwordHash: null }, undefined, false],
    ['a passkey', { username: 'ada', passwordHash: null }, RP_ID, true],
    ['a passkey of another RP ID', { username: 'ada', passwordHash: null }, 'example.org', false],
    ['a username alone', { username: 'ada', passwordHash: null }, undefined, false],
    ['what earlier versions stored for no password', { username: 'ada', passwordHash: NO_PASSWORD }, undefined, false]
  ]
  for (const [what, account, passkeyOf, able] of cases) {
    await t.test(`${able ? 'accepts' : 'refuses'} ${what}`, async (t) => {
      const { id } = await addUser(database, account)
      if (passkeyOf) {
        await addPasskey(database, id, {
          credentialId: randomBytes(16),
          publicKey: randomBytes(16),
          signCount: 0,
          transports: [],
          rpId: passkeyOf,
          aaguid: '00000000-0000-0000-0000-000000000000',
          backupEligible: false,
          backedUp: false
        })
      }
      if (able) await requireCredential(database, id, RP_ID)
      else await t.rejects(requireCredential(database, id, RP_ID), { code: 'LAST_CREDENTIAL' })
      if (passkeyOf) await t.rejects(requireCredential(database, id), { code: 'LAST_CREDENTIAL' }, 'without passkeys')
      await database.query(sql`DELETE FROM users`)
    })
  }
})
