import { test } from 'tap'
import { v7 as uuid } from 'uuid'
import { readConfig } from '../../../src/config/config.ts'
import { createDatabase } from '../../../src/database/database.ts'
import { NOW, sql } from '../../../src/database/sql.ts'
import { linkIdentity, linkPending, registerIdentity, resolveIdentity } from '../../../src/flows/federation.ts'
import { findEmailToken, mintEmailToken } from '../../../src/mail/email-tokens.ts'
import { addIdentity } from '../../../src/providers/identities.ts'
import type { ProvenIdentity } from '../../../src/providers/provider.ts'
import { openSession } from '../../../src/sessions/sessions.ts'
import { type Credentials, findOwnCredentials } from '../../../src/users/credentials.ts'
import { addUser } from '../../../src/users/users.ts'
import { caught } from '../../helpers/caught.ts'
import { migratedPool } from '../../helpers/pool.ts'

const lifetimes = readConfig({})
const rules = { lifetimes, limitSecret: Buffer.alloc(32, 1), mail: true }
const provider = { id: 'test', label: 'Test', link: 'verified_email', signUp: true } as const

const identityOf = (name: string, email = `${name}@example.com`): ProvenIdentity => ({
  issuer: 'https://id.example.com',
  subject: name,
  email,
  emailIsVerified: true
})

test('identities and accounts', async (t) => {
  const database = createDatabase(await migratedPool(t), { timeout: 60_000 })
  const resolve = (identity: ProvenIdentity, more = {}) =>
    resolveIdentity(database, { ...rules, ...more }, { provider, identity, locale: 'de' })
  const mails = (user: string) => database.query(sql`SELECT kind, recipient, data FROM mails WHERE user_id = ${user}`)
  const credentials = async (user: string) => (await findOwnCredentials(database, user)) as Credentials

  await t.test('the owner of a claimed account is told, and links of earlier mails are void', async (t) => {
    const { id } = await addUser(database, { username: 'attacker', email: 'ada@example.com', passwordHash: 'theirs' })
    const mint = async (purpose: 'confirm new email' | 'reset password' | 'verify email', email: string) =>
      String(await mintEmailToken(database, Buffer.alloc(32), { mail: uuid(), purpose, user: id, email }))
    const change = await mint('confirm new email', 'attacker@example.com')
    const [change2, reset] = [
      await mint('verify email', 'ada@example.com'),
      await mint('reset password', 'ada@example.com')
    ]
    const undone = uuid()
    await database.query(
      sql`INSERT INTO email_changes (id, user_id, previous_email, email_version, changed_at)
       VALUES (${undone}, ${id}, 'attacker@example.com', 1, ${NOW})`
    )
    const undo = String(
      await mintEmailToken(database, Buffer.alloc(32, 2), {
        mail: uuid(),
        purpose: 'undo email change',
        user: id,
        email: 'attacker@example.com',
        change: undone
      })
    )
    t.match(await findEmailToken(database, 'undo email change', undo), { user: id })
    t.match(await resolve(identityOf('ada')), {
      outcome: 'claimed',
      account: { id, password_hash: null },
      claimed: { ended: 0 }
    })
    for (const [purpose, token] of [
      ['confirm new email', change],
      ['verify email', change2],
      ['reset password', reset],
      ['undo email change', undo]
    ] as const) {
      t.match(await caught(findEmailToken(database, purpose, token)), { code: 'EMAIL_TOKEN_INVALID' }, purpose)
    }
    t.strictSame(await mails(id), [
      { kind: 'account claimed', recipient: 'ada@example.com', data: { provider: 'Test' } }
    ])
  })

  await t.test('the owner of a linked account is told, if there is mail', async (t) => {
    for (const mail of [true, false]) {
      const email = `bob${mail}@example.com`
      const { id } = await addUser(database, { email, emailVerified: true, passwordHash: 'own' })
      t.match(await resolve(identityOf(`bob${mail}`), { mail }), { outcome: 'linked', account: { id } })
      t.strictSame(
        await mails(id),
        mail ? [{ kind: 'identity linked', recipient: email, data: { provider: 'Test' } }] : []
      )
    }
    const { id } = await addUser(database, { email: 'quiet@example.com', passwordHash: 'own' })
    t.match(await resolve(identityOf('quiet'), { mail: false }), { outcome: 'claimed' })
    t.strictSame(await mails(id), [])
  })

  await t.test('an address that another account may have back makes no account', async (t) => {
    const { id } = await addUser(database, { email: 'new@example.com', emailVerified: true, passwordHash: 'own' })
    await database.query(
      sql`INSERT INTO email_changes (id, user_id, previous_email, email_version, changed_at)
       VALUES (${uuid()}, ${id}, 'previous@example.com', 1, ${NOW})`
    )
    t.strictSame(await resolve(identityOf('cora', 'previous@example.com')), { outcome: 'unnamed' })
  })

  await t.test('an identity that another account has is not linked', async (t) => {
    const [one, other] = [
      await addUser(database, { email: 'dora@example.com', emailVerified: true, passwordHash: 'own' }),
      await addUser(database, { email: 'eve@example.com', passwordHash: 'own' })
    ]
    const identity = identityOf('dora')
    await addIdentity(database, other.id, 'test', identity)
    t.equal(await linkPending(database, rules, one.id, { provider, identity }), false)
    t.equal(await linkPending(database, rules, uuid(), { provider, identity }), false, 'no account')
    const opened = await openSession(database, lifetimes, await credentials(one.id), {
      userAgent: undefined,
      ip: '::1'
    })
    const session = { sub: one.id, sid: String(opened?.refreshToken.session) }
    t.match(await caught(linkIdentity(database, rules, session, { provider, identity })), { code: 'IDENTITY_TAKEN' })
    for (const ended of [
      { ...session, sid: uuid() },
      { ...session, sub: uuid() }
    ]) {
      t.match(await caught(linkIdentity(database, rules, ended, { provider, identity })), { reason: 'session ended' })
    }
    await database.query(sql`UPDATE users SET disabled_at = ${NOW} WHERE id = ${one.id}`)
    t.equal(
      await linkPending(database, rules, one.id, { provider, identity: identityOf('dora-2', 'dora@example.com') }),
      false
    )
  })

  await t.test('an identity that another request links meanwhile is known', async (t) => {
    for (const [name, link, isRegistered] of [
      ['hal', 'ask', false],
      ['ivy', 'ask', true],
      ['jon', 'verified_email', true]
    ] as const) {
      const identity = identityOf(name)
      if (isRegistered) await addUser(database, { email: `${name}@example.com`, passwordHash: 'theirs' })
      const arrival = { provider: { ...provider, link }, identity, locale: null }
      const resolveOther = () => resolveIdentity(database, rules, arrival)
      let other: ReturnType<typeof resolveOther> | undefined
      const slower: typeof database = {
        ...database,
        async transact(work) {
          other ??= resolveOther()
          await other
          return database.transact(work)
        }
      }
      const resolution = await resolveIdentity(slower, rules, arrival)
      t.match(await other, { outcome: isRegistered ? 'claimed' : 'registered' }, name)
      t.match(resolution, { outcome: 'known', account: { email: `${name}@example.com`, password_hash: null } }, name)
    }
  })

  await t.test('a race that is lost again and again ends', async (t) => {
    let begun = 0
    const losing: typeof database = {
      ...database,
      transact: (work) => {
        begun += 1
        return database.transact((transaction) => {
          const query: typeof transaction.query = async (statement) =>
            String(statement.sql).includes('INSERT INTO identities') ? [] : transaction.query(statement)
          return work({ ...transaction, query })
        })
      }
    }
    const arrival = { provider, identity: identityOf('gil'), locale: null }
    t.match(await caught(resolveIdentity(losing, rules, arrival)), { message: '' })
    t.equal(begun, 3)
  })

  await t.test('an error of the database is not a race', async (t) => {
    await database.query(sql`ALTER TABLE email_changes RENAME TO elsewhere`)
    t.match(await caught(resolve(identityOf('fay'))), { code: '42P01' })
    const named = { email: 'fay@example.com', locale: null }
    const link = { provider: 'test', identity: identityOf('fay') }
    t.match(await caught(registerIdentity(database, link, named, undefined)), { code: '42P01' })
    await database.query(sql`ALTER TABLE elsewhere RENAME TO email_changes`)
  })
})
