import { test } from 'tap'
import { v7 as uuid } from 'uuid'
import { readConfig } from '../../../src/config/config.ts'
import { createDatabase } from '../../../src/database/database.ts'
import { sql } from '../../../src/database/sql.ts'
import { resetPassword } from '../../../src/flows/password-reset.ts'
import { devicesKey, nameKeys } from '../../../src/limits/counter-keys.ts'
import { countGuess, resetGuesses } from '../../../src/limits/guesses.ts'
import { mintEmailToken } from '../../../src/mail/email-tokens.ts'
import { countSessions, openSession } from '../../../src/sessions/sessions.ts'
import { type Credentials, findOwnCredentials } from '../../../src/users/credentials.ts'
import { addUser } from '../../../src/users/users.ts'
import { caught } from '../../helpers/caught.ts'
import { migratedPool } from '../../helpers/pool.ts'

const LIFETIMES = readConfig({})
const SECRET = Buffer.alloc(32, 1)
const email = 'ada@example.com'

test('a password reset', async (t) => {
  const database = createDatabase(await migratedPool(t), { timeout: 60_000 })
  const { id } = await addUser(database, { username: 'ada', email, passwordHash: 'old' })
  for (const _ of [1, 2]) {
    await openSession(database, LIFETIMES, (await findOwnCredentials(database, id)) as Credentials, {
      userAgent: undefined,
      ip: '::1'
    })
  }
  const device = { own: Buffer.from('a device'), all: devicesKey(SECRET, id) }
  await countGuess(database, { name: Buffer.from('a name'), device })
  await resetGuesses(database, [device.own])
  for (const name of nameKeys(SECRET, { username: 'ada', email })) {
    await countGuess(database, { name, device: undefined })
  }
  const minted = { mail: uuid(), purpose: 'reset password', user: id, email } as const
  const token = String(await mintEmailToken(database, Buffer.alloc(32), minted))
  const reset = () => resetPassword(database, LIFETIMES, SECRET, { token, hash: 'new' })
  const standing = async () => {
    const [row] = await database.query(
      sql`SELECT password_hash, email_verified, (SELECT count(*)::int FROM limits) AS counted,
         (SELECT count(*)::int FROM email_tokens WHERE used_at IS NOT NULL) AS used
       FROM users`
    )
    return { ...row, sessions: await countSessions(database, LIFETIMES, id) }
  }
  const before = { password_hash: 'old', email_verified: false, counted: 3, used: 0, sessions: 2 }

  await t.test('is rolled back if its notice cannot be queued', async (t) => {
    t.strictSame(await standing(), before)
    await database.query(sql`ALTER TABLE mails RENAME TO elsewhere`)
    t.match(await caught(reset()), { code: '42P01' })
    await database.query(sql`ALTER TABLE elsewhere RENAME TO mails`)
    t.strictSame(await standing(), before)
  })

  await t.test('has all its effects, once', async (t) => {
    const after = { password_hash: 'new', email_verified: true, counted: 0, used: 1, sessions: 0 }
    const { owner, ...done } = await reset()
    t.match(owner, { id, password_version: 2, device_version: 2 })
    t.strictSame(done, { ended: 2, passkeys: 0, identities: 0 })
    t.strictSame(await standing(), after)
    t.strictSame(await database.query(sql`SELECT kind, recipient, user_id FROM mails`), [
      { kind: 'password changed', recipient: email, user_id: id }
    ])
    t.match(await caught(reset()), { code: 'EMAIL_TOKEN_INVALID' })
    t.strictSame(await standing(), after)
  })
})
