import { text } from 'node:stream/consumers'
import { Ajv } from 'ajv'
import { test } from 'tap'
import { v7 as uuid } from 'uuid'
import { createDatabase } from '../../../src/database/database.ts'
import { beginLoginStep } from '../../../src/factors/login-steps.ts'
import { addPasskey } from '../../../src/factors/passkeys.ts'
import { makeRecoveryCodes } from '../../../src/factors/recovery-codes.ts'
import { addPendingTotp } from '../../../src/factors/totp-secrets.ts'
import { exportAccount } from '../../../src/flows/personal-data.ts'
import { enqueueMail } from '../../../src/mail/mails.ts'
import { AccountExport, User } from '../../../src/schemas/users.ts'
import { openSession } from '../../../src/sessions/sessions.ts'
import { addUser } from '../../../src/users/users.ts'
import { migratedPool } from '../../helpers/pool.ts'
import { append, emptyRecord } from '../../helpers/record.ts'

test('the export of an account', async (t) => {
  const pool = await migratedPool(t)
  const openDatabase = () => createDatabase(pool, { timeout: 60_000 })
  const { id: account } = await addUser(openDatabase(), {
    email: 'ada@example.com',
    locale: 'de',
    passwordHash: 'a hash'
  })
  const write = (user: string) => exportAccount({ openDatabase, limitSecret: Buffer.alloc(32), user })
  const read = async (user: string) => JSON.parse(await text((await write(user)) as AsyncGenerator<string>))

  await t.test('is undefined if the user no longer exists', async (t) => {
    t.equal(await write(uuid()), undefined)
  })

  await t.test('of a minimal account has all parts', async (t) => {
    t.match(await read(account), {
      user: { id: account, username: null, email: 'ada@example.com' },
      locale: 'de',
      roles: [],
      metadata: {},
      last_login_at: null,
      limits: [{ name: 'email', wrong_passwords: 0, blocked_for: 0 }],
      email_changes: [],
      email_tokens: [],
      mfa: { required: false, totp: null },
      recovery_codes: [],
      passkeys: [],
      login_steps: [],
      service_keys: [],
      sessions: [],
      mails: [],
      records: []
    })
  })

  await t.test('has the second factors, and nothing that signs in', async (t) => {
    const { id: user } = await addUser(openDatabase(), { username: 'grace', passwordHash: 'a hash' })
    const key = Buffer.alloc(32, 1)
    const secret = await addPendingTotp(openDatabase(), key, user)
    t.match(await read(user), { mfa: { required: false, totp: null } })
    await pool.query('UPDATE totp SET secret = pending, confirmed_at = now() WHERE user_id = $1', [user])
    await pool.query('UPDATE users SET mfa_required = true WHERE id = $1', [user])
    const codes = await makeRecoveryCodes(openDatabase(), key, user)
    const [credentialId, publicKey] = [Buffer.alloc(16, 2), Buffer.alloc(64, 3)]
    const aaguid = '00000000-0000-0000-0000-000000000000'
    const passkey = { credentialId, publicKey, signCount: 0, rpId: 'example.com', aaguid, transports: ['usb'] }
    await addPasskey(openDatabase(), user, { ...passkey, backupEligible: true, backedUp: false })
    const begun = await beginLoginStep(openDatabase(), { id: user, password_version: 1, inCookie: true })
    const credentials = { id: user, password_version: 1 }
    const lifetimes = { REFRESH_IDLE_TTL: 60, REFRESH_MAX_TTL: 60 }
    const origin = { userAgent: undefined, ip: '192.0.2.1' }
    await openSession(openDatabase(), lifetimes, credentials, origin, ['pwd', 'otp', 'mfa'])

    const exported = await read(user)
    const { mfa, recovery_codes, passkeys, login_steps, sessions } = exported
    const isTime = (time: unknown) => typeof time === 'string' && !Number.isNaN(Date.parse(time))
    t.equal(mfa.required, true)
    t.ok(isTime(mfa.totp.created_at))
    t.equal(recovery_codes.length, 10)
    t.strictSame(Object.keys(recovery_codes[0]), ['made_at', 'used_at'])
    t.match(passkeys, [{ name: 'Passkey', credential_id: credentialId.toString('base64url'), rp_id: 'example.com' }])
    t.match(login_steps, [{ attempts: 0, used_at: null }])
    t.strictSame(sessions[0].amr, ['pwd', 'otp', 'mfa'])
    t.equal(sessions[0].authenticated_at, sessions[0].created_at)
    const text = JSON.stringify(exported)
    const secrets = [secret, publicKey, Buffer.from(String(begun?.token), 'base64url'), ...codes.map(Buffer.from)]
    for (const each of secrets) {
      for (const form of ['base64url', 'base64', 'hex', 'utf8'] as const) t.notOk(text.includes(each.toString(form)))
    }
    t.strictSame(
      new Ajv({ strict: false, validateFormats: false, schemas: [User] }).validate(AccountExport, exported),
      true
    )
  })

  await t.test('has what operators noted, and the keys that the user has made, without what they open', async (t) => {
    const { id: user } = await addUser(openDatabase(), { username: 'joan', passwordHash: 'a hash' })
    await pool.query(`UPDATE users SET roles = '{admin}', metadata = '{"plan":"team"}' WHERE id = $1`, [user])
    await pool.query(
      `INSERT INTO service_keys (id, name, scopes, hash, created_at, created_by)
       VALUES ('0123456789ABCDEFGHIJKL', 'nightly', '{users:read}', '\\xc0ffee', now(), $1)`,
      [user]
    )
    const { roles, metadata, service_keys } = await read(user)
    t.strictSame({ roles, metadata }, { roles: ['admin'], metadata: { plan: 'team' } })
    t.match(service_keys, [{ id: '0123456789ABCDEFGHIJKL', name: 'nightly', created_at: /Z$|\+00/ }])
    t.equal(Object.keys(service_keys[0]).length, 3)
  })

  await t.test('tells what operators did, but neither who, nor from where', async (t) => {
    await emptyRecord(pool)
    const from = { account, address: '192.0.2.1' }
    await append(pool, 1, { ...from, actor: 'operator', detail: undefined as never })
    await append(pool, 1, { ...from, actor: 'admin', detail: { by: account, changed: ['email'] } })
    const shown = { session: null, address: null, request_id: null, action: 'login', at: String }
    t.match((await read(account)).records, [
      { ...shown, actor: 'operator', detail: null },
      { ...shown, actor: 'admin', detail: { changed: ['email'], by: undefined } }
    ])
  })

  await t.test('goes on to its end where the user goes meanwhile', async (t) => {
    const { id: user } = await addUser(openDatabase(), { username: 'edith', passwordHash: 'a hash' })
    const parts = (await write(user)) as AsyncGenerator<string>
    const { value: first } = await parts.next()
    await pool.query('DELETE FROM users WHERE id = $1', [user])
    t.match(JSON.parse(first + (await text(parts))), { mfa: { required: false, totp: null }, passkeys: { length: 0 } })
  })

  // Rows are read 500 at a time.
  for (const count of [499, 500, 501, 1001]) {
    await t.test(`has ${count} records, each once and in order, and nobody else's`, async (t) => {
      await emptyRecord(pool)
      await append(pool, count, { account })
      await append(pool, 3)
      const { records } = await read(account)
      t.strictSame(
        records.map(({ detail }: { detail: { count: number } }) => detail.count),
        Array.from({ length: count }, (_, index) => index)
      )
    })
  }

  await t.test('has what operators did, but neither who it was nor from where', async (t) => {
    await emptyRecord(pool)
    const detail = { count: 1, by: '01890a5d-ac96-774b-bcce-b302099a8058' }
    const from = { address: '192.0.2.1', requestId: 'a-request' }
    for (const actor of ['admin', 'key', 'client'] as const) await append(pool, 1, { account, actor, detail, ...from })
    await append(pool, 1, { account, actor: 'operator' })
    const { records } = await read(account)
    const hidden = { address: null, request_id: null }
    t.match(records, [
      { actor: 'admin', ...hidden, detail: { count: 1, by: undefined } },
      { actor: 'key', ...hidden, detail: { count: 1, by: undefined } },
      { actor: 'client', address: '192.0.2.1', request_id: 'a-request', detail },
      { actor: 'operator', ...hidden, detail: { count: 0 } }
    ])
    t.strictSame(Object.keys(records[0]), ['at', 'actor', 'action', 'session', 'address', 'request_id', 'detail'])
  })

  await t.test('has queued mails without their content', async (t) => {
    const mail = { kind: 'email changed', recipient: 'ada@example.com', userId: account } as const
    await enqueueMail(openDatabase(), { ...mail, data: { name: 'ada' } })
    const { mails } = await read(account)
    t.match(mails, [{ kind: 'email changed', recipient: 'ada@example.com', attempts: 0 }])
    t.strictSame(Object.keys(mails[0]), ['kind', 'recipient', 'created_at', 'attempts'])
  })
})
