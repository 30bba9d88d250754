import { test } from 'tap'
import { readConfig } from '../../../src/config/config.ts'
import { createDatabase } from '../../../src/database/database.ts'
import { sql } from '../../../src/database/sql.ts'
import { readFactors } from '../../../src/factors/state.ts'
import { claimAccount } from '../../../src/flows/account-claim.ts'
import { addIdentity, listIdentities } from '../../../src/providers/identities.ts'
import { openSession } from '../../../src/sessions/sessions.ts'
import { type Credentials, findOwnCredentials } from '../../../src/users/credentials.ts'
import { addUser } from '../../../src/users/users.ts'
import { enrolApp, enrolPasskey, requireStep } from '../../helpers/enrolled.ts'
import { migratedPool } from '../../helpers/pool.ts'

const lifetimes = readConfig({})

test('claimAccount', async (t) => {
  const database = createDatabase(await migratedPool(t), { timeout: 60_000 })
  const credentialsOf = async (user: string) => (await findOwnCredentials(database, user)) as Credentials

  for (const mail of [true, false]) {
    await t.test(`leaves nothing to whoever registered the address, ${mail ? 'with' : 'without'} mail`, async (t) => {
      const name = mail ? 'ada' : 'bob'
      const email = `${name}@example.com`
      const { id } = await addUser(database, { username: name, email, passwordHash: 'theirs' })
      await enrolApp(database, Buffer.alloc(32, 1), id)
      await enrolPasskey(database, id)
      await requireStep(database, id)
      await addIdentity(database, id, 'test', {
        issuer: 'https://evil.example.com',
        subject: name,
        emailIsVerified: false
      })
      const origin = { userAgent: undefined, ip: '::1' }
      t.ok(await openSession(database, lifetimes, await credentialsOf(id), origin, ['pwd', 'otp', 'mfa']))

      const rules = { lifetimes, limitSecret: Buffer.alloc(32, 2), mail }
      const account = await credentialsOf(id)
      t.strictSame(await database.transact((transaction) => claimAccount(transaction, rules, account, 'Google')), {
        ended: 1
      })

      t.match(await credentialsOf(id), { username: name, email, email_verified: true, password_hash: null })
      t.match(await readFactors(database, id), { required: false, totp: null, passkeys: 0, recovery_codes: 0 })
      t.strictSame(await listIdentities(database, id), [])
      t.strictSame(
        await database.query(sql`SELECT kind, recipient, data FROM mails WHERE user_id = ${id}`),
        mail ? [{ kind: 'account claimed', recipient: email, data: { provider: 'Google' } }] : []
      )
    })
  }
})
