import { test } from 'tap'
import { v7 as uuid } from 'uuid'
import { createDatabase } from '../../../src/database/database.ts'
import { sql } from '../../../src/database/sql.ts'
import { compose } from '../../../src/mail/compose.ts'
import type { MailKind } from '../../../src/mail/mails.ts'
import { addUser } from '../../../src/users/users.ts'
import { migratedPool } from '../../helpers/pool.ts'

const TOKEN = /^[\w-]{43}$/

test('what a mail becomes', async (t) => {
  const database = createDatabase(await migratedPool(t), { timeout: 60_000 })
  const recipient = 'grace@example.com'
  const { id: grace } = await addUser(database, {
    username: 'grace',
    email: recipient,
    emailVerified: true,
    locale: 'de',
    passwordHash: 'none'
  })
  const earlier = uuid()
  const draft = (kind: MailKind, given: { id?: string; recipient?: string; data?: Record<string, string> } = {}) =>
    compose(database, Buffer.alloc(32), {
      id: uuid(),
      kind,
      recipient,
      user_id: grace,
      data: {},
      attempts: 1,
      ...given
    })

  await t.test('has what its letter says', async (t) => {
    t.strictSame(await draft('password changed'), {
      template: 'password-changed',
      recipient,
      locale: 'de',
      variables: { name: 'grace' }
    })
  })

  await t.test('has a token if it has a link, and says how long that is valid', async (t) => {
    const cases: [kind: MailKind, seconds: number][] = [
      ['reset password', 1800],
      ['confirm new email', 86_400],
      ['email changed', 604_800]
    ]
    const change = uuid()
    await database.query(
      sql`INSERT INTO email_changes (id, user_id, previous_email, email_version, changed_at)
       VALUES (${change}, ${grace}, 'before@example.com', 1, now())`
    )
    for (const [kind, seconds] of cases) {
      const data = kind === 'email changed' ? { change } : {}
      t.match(await draft(kind, { data }), { recipient, variables: { expires_in: { seconds } }, token: TOKEN })
    }
  })

  await t.test('has the same token for each attempt', async (t) => {
    const id = uuid()
    t.strictSame(await draft('reset password', { id }), await draft('reset password', { id }))
  })

  await t.test('has no link if another letter takes its place', async (t) => {
    t.strictSame(await draft('finish registration'), {
      template: 'already-registered',
      recipient,
      locale: 'de',
      variables: { name: 'grace' }
    })
  })

  await t.test('is nothing if it is pointless', async (t) => {
    const cases: [what: string, ...given: Parameters<typeof draft>][] = [
      ['the letter is', 'verify email'],
      ['its token would be void', 'confirm new email', { data: { password_version: '0', email_version: '1' } }],
      ['a later mail has a token', 'reset password', { id: earlier }],
      ['it is throttled', 'reset password', { data: { held_off: 'yes' } }],
      ['it is still a request', 'reset asked']
    ]
    for (const [what, ...given] of cases) t.equal(await draft(...given), undefined, what)
  })
})
