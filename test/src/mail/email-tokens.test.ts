import { test } from 'tap'
import { v7 as uuid } from 'uuid'
import { createDatabase } from '../../../src/database/database.ts'
import { sql } from '../../../src/database/sql.ts'
import {
  claimEmailToken,
  findEmailToken,
  listEmailTokens,
  mintEmailToken,
  type NewEmailToken,
  releaseEmailToken,
  useEmailToken
} from '../../../src/mail/email-tokens.ts'
import { LINKS, type Purpose } from '../../../src/mail/letters.ts'
import { addUser } from '../../../src/users/users.ts'
import { testClock } from '../../helpers/app.ts'
import { migratedDatabase, poolOf } from '../../helpers/database.ts'

const KEY = Buffer.alloc(32, 7)
const EMAIL = 'ada@example.com'

test('tokens of links', async (t) => {
  const pool = await poolOf(t, await migratedDatabase(t))
  const clock = testClock()
  const database = createDatabase(pool, { clock, timeout: 60_000 })
  const { id: user } = await addUser(database, { email: EMAIL, passwordHash: 'none' })
  let time = Date.now()
  /** The id of a mail, later than all before. */
  const mail = () => uuid({ msecs: time++ })
  const mint = (given: Partial<NewEmailToken> = {}) =>
    mintEmailToken(database, KEY, { mail: mail(), purpose: 'verify email', user, email: EMAIL, ...given })
  const find = (token: string | undefined, purpose: Purpose = 'verify email') =>
    findEmailToken(database, purpose, String(token))
  const use = (token: string | undefined, purpose: Purpose = 'verify email') =>
    database.transact((transaction) => useEmailToken(transaction, purpose, String(token)))
  const INVALID = { code: 'EMAIL_TOKEN_INVALID' }

  await t.test('have 256 bits, differ for each mail and key, and are stored as a hash only', async (t) => {
    const id = mail()
    const token = await mint({ mail: id })
    t.equal(Buffer.from(String(token), 'base64url').length, 32)
    t.equal(await mint({ mail: id }), token)
    t.not(await mint(), token)
    const other = Buffer.alloc(32, 8)
    t.not(await mintEmailToken(database, other, { mail: id, purpose: 'verify email', user, email: EMAIL }), token)
    const rows = await database.query(
      sql`SELECT octet_length(hash) AS bytes, email_tokens::text AS row FROM email_tokens`
    )
    for (const { bytes, row } of rows) {
      t.equal(bytes, 32)
      t.notOk(row.includes(token))
    }
  })

  await t.test('about the address of an account are issued only while it has that address', async (t) => {
    for (const purpose of ['verify email', 'reset password'] as const) {
      t.equal(await mint({ purpose, email: 'eve@example.com' }), undefined, 'the account has another address by now')
      t.type(await mint({ purpose, email: EMAIL.toUpperCase() }), 'string')
    }
    t.type(await mint({ purpose: 'confirm new email', email: 'eve@example.com' }), 'string')
  })

  await t.test('are valid for their purpose alone, and once', async (t) => {
    const token = await mint()
    const expected = {
      user,
      names: { username: null, email: EMAIL },
      passwordVersion: null,
      email: EMAIL,
      change: null,
      askedAt: null
    }
    t.strictSame(await find(token), expected)
    for (const purpose of Object.keys(LINKS) as Purpose[]) {
      if (purpose !== 'verify email') await t.rejects(find(token, purpose), INVALID, purpose)
    }
    t.strictSame(await use(token), expected)
    await t.rejects(find(token), INVALID)
    await t.rejects(use(token), INVALID)
  })

  await t.test('are void once a later mail has one, in whichever order the mails are sent', async (t) => {
    const [first, second] = [mail(), mail()]
    const newer = await mint({ mail: second })
    t.equal(await mint({ mail: first }), undefined, 'an earlier mail is dropped')
    t.match(await use(newer), { user })
    const before = mail()
    const outdated = await mint({ mail: before })
    await mint({ purpose: 'reset password' })
    t.match(await find(outdated), { user }, 'a token of another purpose does not count')
    const last = await mint()
    await t.rejects(use(outdated), INVALID)
    t.equal(await mint({ mail: before }), undefined)
    t.match(await use(last), { user })
  })

  await t.test(
    'are claimed by one of several requests, until it releases the claim or 30 seconds have passed',
    async (t) => {
      const token = String(await mint())
      const claim = (own?: string) => claimEmailToken(database, 'verify email', token, own)
      const claims = (await Promise.allSettled(Array.from({ length: 9 }, () => claim()))).map((it) =>
        it.status === 'fulfilled' ? it.value : it.reason.code
      )
      const [first = ''] = claims.filter((it) => it !== 'EMAIL_TOKEN_INVALID')
      t.match(first, /^\d{16}$/)
      t.equal(claims.filter((it) => it === 'EMAIL_TOKEN_INVALID').length, 8)
      const left = Number(first) / 1000 - clock.now()
      t.ok(left < 31_000 && left > -60_000, `${left}`)
      t.match(await find(token), { user }, 'it is still valid')

      await releaseEmailToken(database, token, first)
      const second = await claim()
      await releaseEmailToken(database, token, first)
      await t.rejects(claim(), INVALID, 'a claim that was replaced releases nothing')
      await t.rejects(claim(first), INVALID)
      const third = await claim(second)
      t.not(third, second, 'but the holder may replace its own claim')
      clock.advance(20)
      await releaseEmailToken(database, token, second)
      await t.rejects(claim(), INVALID)
      clock.advance(10)
      t.type(await claim(), 'string')
      t.match(await use(token), { user }, 'using it requires no claim')
      clock.advance(30)
      await t.rejects(claim(), INVALID, 'it was used')
      await t.rejects(claimEmailToken(database, 'reset password', String(await mint())), INVALID)
    }
  )

  await t.test('of a registration are void once a later mail to the same address has one', async (t) => {
    const begin = (email: string) =>
      mintEmailToken(database, KEY, { mail: mail(), purpose: 'finish registration', email })
    const first = await begin('grace@example.com')
    const other = await begin('mary@example.com')
    const second = await begin('GRACE@example.com')
    await t.rejects(use(first, 'finish registration'), INVALID)
    t.match(await use(other, 'finish registration'), { user: null, email: 'mary@example.com' })
    t.match(await use(second, 'finish registration'), { user: null, email: 'GRACE@example.com' })
  })

  for (const [purpose, { lifetime }] of Object.entries(LINKS).filter(([name]) => name !== 'undo email change')) {
    await t.test(`to ${purpose} are valid for ${lifetime} seconds after they were last sent`, async (t) => {
      const given = { mail: mail(), purpose: purpose as Purpose, email: EMAIL }
      const whose = purpose === 'finish registration' ? {} : { user }
      const send = () => mintEmailToken(database, KEY, { ...given, ...whose })
      const token = await send()
      clock.advance(lifetime - 60)
      t.ok(await find(token, given.purpose))
      await send()
      clock.advance(lifetime - 60)
      t.ok(await find(token, given.purpose))
      clock.advance(60)
      await t.rejects(find(token, given.purpose), INVALID)
    })
  }

  await t.test('are not issued for an outdated version, a disabled account, or one that does not exist', async (t) => {
    t.type(await mint({ purpose: 'confirm new email', passwordVersion: '1', emailVersion: '1' }), 'string')
    t.equal(await mint({ purpose: 'confirm new email', passwordVersion: '2', emailVersion: '1' }), undefined)
    t.equal(await mint({ purpose: 'confirm new email', passwordVersion: '1', emailVersion: '2' }), undefined)
    t.equal(await mint({ user: uuid() }), undefined)
    await database.query(sql`UPDATE users SET disabled_at = now()`)
    t.equal(await mint(), undefined)
    await database.query(sql`UPDATE users SET disabled_at = NULL`)
  })

  await t.test('are listed for their account', async (t) => {
    await database.query(sql`DELETE FROM email_tokens`)
    t.strictSame(await listEmailTokens(database, user), [])
    await use(await mint())
    await mint({ purpose: 'reset password' })
    t.match(await listEmailTokens(database, user), [
      { purpose: 'verify email', email: EMAIL, sent_at: Date, expires_at: Date, used_at: Date },
      { purpose: 'reset password', email: EMAIL, sent_at: Date, expires_at: Date, used_at: null }
    ])
    t.strictSame(await listEmailTokens(database, uuid()), [])
  })
})
