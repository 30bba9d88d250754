import { randomBytes } from 'node:crypto'
import { test } from 'tap'
import { resetFactors } from '../../../src/admin/account-factors.ts'
import { readConfig } from '../../../src/config/config.ts'
import { createDatabase } from '../../../src/database/database.ts'
import { sql } from '../../../src/database/sql.ts'
import { beginLoginStep, tryLoginStep } from '../../../src/factors/login-steps.ts'
import { makeRecoveryCodes } from '../../../src/factors/recovery-codes.ts'
import { readFactors } from '../../../src/factors/state.ts'
import { accountCodesKeys } from '../../../src/limits/counter-keys.ts'
import { countGuess } from '../../../src/limits/guesses.ts'
import { openSession } from '../../../src/sessions/sessions.ts'
import { type Credentials, findOwnCredentials } from '../../../src/users/credentials.ts'
import { addUser } from '../../../src/users/users.ts'
import { caught } from '../../helpers/caught.ts'
import { enrolApp, enrolPasskey, requireStep } from '../../helpers/enrolled.ts'
import { hasServer, meet } from '../../helpers/meeting.ts'
import { migratedPool } from '../../helpers/pool.ts'

const ORIGIN = { userAgent: undefined, ip: '::1' }

test('an operator resets the factors of an account', async (t) => {
  const pool = await migratedPool(t)
  const database = createDatabase(pool, { timeout: 60_000 })
  const lifetimes = readConfig({})
  const key = randomBytes(32)
  t.beforeEach(async () => {
    await database.query(sql`TRUNCATE users, mails CASCADE`)
  })

  async function begin(username: string) {
    const names = { username, email: `${username}@example.com`, emailVerified: true }
    const user = await addUser(database, { ...names, passwordHash: 'none' })
    const account = { ...user, disabled_at: null, roles: [] }
    const { id } = account
    await enrolApp(database, key, id)
    await enrolPasskey(database, id)
    await makeRecoveryCodes(database, key, id)
    await requireStep(database, id)
    const credentials = (await findOwnCredentials(database, id)) as Credentials
    const sign = () => openSession(database, lifetimes, credentials, ORIGIN, ['pwd', 'otp', 'mfa'])
    const step = async () => String((await beginLoginStep(database, { ...credentials, inCookie: false }))?.token)
    return { account, id, sign, step, read: () => readFactors(database, id) }
  }
  const mails = () => database.query(sql`SELECT kind, recipient, data FROM mails`)

  await t.test('with its sessions and login steps, and nothing of another account', async (t) => {
    const [ada, grace] = [await begin('ada'), await begin('grace')]
    const graces = await grace.read()
    await ada.sign()
    await ada.sign()
    const token = await ada.step()
    for (const name of accountCodesKeys(key, ada.id)) await countGuess(database, { name, device: undefined })
    const { before, ...rest } = await resetFactors(database, lifetimes, key, 'ADA', { passkeys: false, mail: true })
    t.match(before, { required: true, totp: {}, passkeys: 1, usable_passkeys: 0, recovery_codes: 10, password: true })
    const { last_login_at, ...account } = rest.account
    t.type(last_login_at, 'string')
    t.strictSame({ account, ended: rest.ended }, { account: ada.account, ended: 2 })
    t.strictSame(await ada.read(), {
      required: false,
      totp: null,
      passkeys: 1,
      usable_passkeys: 0,
      recovery_codes: 0,
      password: true
    })
    t.equal(await tryLoginStep(database, token), undefined)
    t.strictSame(await database.query(sql`SELECT end_reason FROM sessions`), [
      { end_reason: 'factors reset' },
      { end_reason: 'factors reset' }
    ])
    t.strictSame(await mails(), [
      { kind: 'security notice', recipient: 'ada@example.com', data: { what: 'factors reset' } }
    ])
    t.strictSame(await grace.read(), graces)
    t.strictSame(await database.query(sql`SELECT FROM limits`), [])
  })

  await t.test('with its passkeys, and without a notice where no mail is sent', async (t) => {
    const { id, read } = await begin('ada')
    await resetFactors(database, lifetimes, key, id, { passkeys: true, mail: false })
    t.strictSame(await read(), {
      required: false,
      totp: null,
      passkeys: 0,
      usable_passkeys: 0,
      recovery_codes: 0,
      password: true
    })
    t.strictSame(await mails(), [])
    const again = await resetFactors(database, lifetimes, key, id, { passkeys: true, mail: false })
    t.match(again, {
      before: { required: false, totp: null, passkeys: 0, usable_passkeys: 0, recovery_codes: 0, password: true },
      ended: 0
    })
  })

  await t.test('that exists', async (t) => {
    const reset = resetFactors(database, lifetimes, key, 'nobody', { passkeys: true, mail: true })
    t.match(await caught(reset), { message: 'There is no user with the username nobody.' })
  })

  if (hasServer) {
    await t.test('and waits for a login that is opening a session, which then ends', async (t) => {
      const { id, sign } = await begin('ada')
      const own = createDatabase(pool, { timeout: 60_000 })
      await meet(pool, sign, () => resetFactors(own, lifetimes, key, id, { passkeys: false, mail: false }))
      t.strictSame(await database.query(sql`SELECT end_reason FROM sessions`), [{ end_reason: 'factors reset' }])
    })
  }
})
