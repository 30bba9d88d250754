import { randomBytes, randomUUID } from 'node:crypto'
import { test } from 'tap'
import { createDatabase } from '../../../src/database/database.ts'
import { sql } from '../../../src/database/sql.ts'
import type { VerifiedRegistration } from '../../../src/factors/ceremonies.ts'
import { beginLoginStep, tryLoginStep } from '../../../src/factors/login-steps.ts'
import type { FactorChange } from '../../../src/flows/factor-enrolment.ts'
import { registerPasskey, removePasskey, reportCloned } from '../../../src/flows/passkeys.ts'
import { findOwnCredentials } from '../../../src/users/credentials.ts'
import { addUser } from '../../../src/users/users.ts'
import { requireStep } from '../../helpers/enrolled.ts'
import { migratedPool } from '../../helpers/pool.ts'

const verified = (): VerifiedRegistration => ({
  passkey: {
    credentialId: randomBytes(32),
    publicKey: randomBytes(77),
    signCount: 0,
    transports: [],
    rpId: 'example.com',
    aaguid: '00000000-0000-0000-0000-000000000000',
    backupEligible: false,
    backedUp: false
  },
  challenge: { hash: randomBytes(32), expiresAt: new Date(Date.now() + 300_000) }
})

test('changes of passkeys', async (t) => {
  const pool = await migratedPool(t)
  const database = createDatabase(pool, { timeout: 60_000 })
  let count = 0
  const addOwner = async (passwordHash = 'none') => {
    const name = `user${count++}`
    const { id } = await addUser(database, {
      username: name,
      email: `${name}@example.com`,
      emailVerified: true,
      passwordHash
    })
    return id
  }
  const change = <Result>(user: string, work: (change: FactorChange) => Promise<Result>) =>
    database.transact((transaction) => work({ transaction, session: { sub: user, sid: randomUUID() } }))
  const told = async (user: string) =>
    (await database.query(sql`SELECT data FROM mails WHERE user_id = ${user} ORDER BY id`)).map(({ data }) => data.what)

  /** A step of a sign-in, and whether it is still good. */
  async function beginStep(user: string) {
    await requireStep(database, user)
    const account = await findOwnCredentials(database, user)
    const begun = await beginLoginStep(database, { ...(account as NonNullable<typeof account>), inCookie: false })
    await database.query(sql`UPDATE users SET mfa_required = false WHERE id = ${user}`)
    return async () => (await tryLoginStep(database, String(begun?.token))) !== undefined
  }

  await t.test('void the steps of sign-ins that have begun', async (t) => {
    const user = await addOwner()
    const isGood = await beginStep(user)
    t.ok(await isGood())
    const { id } = await change(user, (each) => registerPasskey(true, each, verified(), 'mine'))
    t.notOk(await isGood())
    const next = await beginStep(user)
    t.equal(await change(user, (each) => removePasskey({ mail: true, rpId: 'example.com' }, each, id)), false)
    t.notOk(await next())
    t.strictSame(await told(user), ['passkey added', 'passkey deleted'])
  })

  await t.test('tell nobody where no mail is sent', async (t) => {
    const user = await addOwner()
    const { id } = await change(user, (each) => registerPasskey(false, each, verified()))
    await requireStep(database, user)
    t.equal(
      await change(user, (each) => removePasskey({ mail: false, rpId: 'example.com' }, each, id)),
      true,
      'and drop the requirement'
    )
    const { challenge } = verified()
    t.ok(await reportCloned(database, false, { user, challenge }))
    t.strictSame(await told(user), [])
  })

  await t.test('that are refused change nothing', async (t) => {
    const user = await addOwner()
    const given = verified()
    const { id } = await change(user, (each) => registerPasskey(true, each, given))
    await t.rejects(
      change(user, (each) => registerPasskey(true, each, { ...verified(), challenge: given.challenge })),
      { code: 'PASSKEY_REJECTED' }
    )
    await t.rejects(
      change(user, (each) => registerPasskey(true, each, { ...verified(), passkey: given.passkey })),
      { code: 'PASSKEY_REJECTED' }
    )
    await t.rejects(
      change(user, (each) => removePasskey({ mail: true, rpId: 'example.com' }, each, randomUUID())),
      { code: 'NOT_FOUND' }
    )
    await database.query(sql`UPDATE users SET password_hash = NULL, email_verified = false WHERE id = ${user}`)
    await t.rejects(
      change(user, (each) => removePasskey({ mail: true, rpId: 'example.com' }, each, id)),
      { code: 'LAST_CREDENTIAL' }
    )
    t.strictSame(await database.query(sql`SELECT id FROM passkeys WHERE user_id = ${user}`), [{ id }])
  })

  await t.test('a copy is reported once for an answer, of any number at once', async (t) => {
    const user = await addOwner()
    const { challenge } = verified()
    const reports = await Promise.all(
      Array.from({ length: 10 }, () => reportCloned(database, true, { user, challenge }))
    )
    t.strictSame(reports.filter(Boolean), [true])
    t.strictSame(await told(user), ['passkey cloned'])
  })
})
