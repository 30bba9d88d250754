import { test } from 'tap'
import { v7 as uuid } from 'uuid'
import { createDatabase } from '../../../src/database/database.ts'
import { composeWithLink } from '../../../src/mail/compose.ts'
import type { Kind } from '../../../src/outbox/outbox.ts'
import { addUser } from '../../../src/users/users.ts'
import { migratedDatabase, poolOf } from '../../helpers/database.ts'

test('the letter of a mail', async (t) => {
  const pool = await poolOf(t, await migratedDatabase(t))
  const database = createDatabase(pool, { timeout: 60_000 })
  const ada = await addUser(database, { username: 'ada', email: 'Ada@example.com', passwordHash: 'none' })
  const grace = await addUser(database, {
    username: 'grace',
    email: 'grace@example.com',
    emailVerified: true,
    passwordHash: 'none'
  })
  const eve = await addUser(database, { email: 'eve@example.com', passwordHash: 'none' })
  const earlier = uuid()
  const compose = (
    kind: Kind,
    recipient: string,
    user_id: string | null = null,
    data: Record<string, string> = {},
    id = uuid()
  ) => composeWithLink(database, Buffer.alloc(32), { id, kind, recipient, user_id, data, attempts: 1 })
  const token = /^[\w-]{43}$/
  const versions = { password_version: '1', email_version: '1' }

  const cases: [what: string, () => ReturnType<typeof compose>, letter: object | undefined][] = [
    [
      'verify email, for who registers',
      () => compose('verify email', 'Ada@example.com', ada.id),
      { template: 'verify-email', recipient: 'Ada@example.com', variables: { expires_in: '24 hours' }, token }
    ],
    ['verify email, proven meanwhile', () => compose('verify email', 'grace@example.com', grace.id), undefined],
    ['verify email, changed meanwhile', () => compose('verify email', 'other@example.com', ada.id), undefined],
    ['verify email, of another by now', () => compose('verify email', 'ada@example.com', grace.id), undefined],
    [
      'reset password, for an address that is not proven',
      () => compose('reset password', 'ADA@example.com', ada.id),
      {
        template: 'reset-password',
        recipient: 'Ada@example.com',
        variables: { name: 'Ada@example.com', expires_in: '30 minutes' },
        token
      }
    ],
    [
      'reset password, for a proven one',
      () => compose('reset password', 'grace@example.com', grace.id),
      { template: 'reset-password', variables: { name: 'grace', expires_in: '30 minutes' }, token }
    ],
    ['reset password, for nobody', () => compose('reset password', 'nobody@example.com'), undefined],
    [
      'reset password, beyond the share',
      () => compose('reset password', 'grace@example.com', grace.id, { held_off: 'yes' }),
      undefined
    ],
    ['reset password, changed meanwhile', () => compose('reset password', 'x@example.com', grace.id), undefined],
    [
      'confirm new email',
      () => compose('confirm new email', 'new@example.com', grace.id, versions),
      {
        template: 'confirm-new-email',
        recipient: 'new@example.com',
        variables: { name: 'grace', expires_in: '24 hours' },
        token
      }
    ],
    [
      'confirm new email, of an account without a username',
      () => compose('confirm new email', 'new@example.com', eve.id, versions),
      { template: 'confirm-new-email', variables: { name: 'eve@example.com', expires_in: '24 hours' } }
    ],
    [
      'confirm new email, of nobody',
      () => compose('confirm new email', 'new@example.com', uuid(), versions),
      undefined
    ],
    [
      'confirm new email, of a former password',
      () => compose('confirm new email', 'new@example.com', grace.id, { ...versions, password_version: '0' }),
      undefined
    ],
    [
      'finish registration, for a new address',
      () => compose('finish registration', 'New@example.com'),
      { template: 'finish-registration', recipient: 'New@example.com', variables: { expires_in: '24 hours' }, token }
    ],
    [
      'finish registration, of an earlier mail than the last',
      () => compose('finish registration', 'new@example.com', null, {}, earlier),
      undefined
    ],
    [
      'finish registration, for a taken one',
      () => compose('finish registration', 'GRACE@example.com', grace.id),
      { template: 'already-registered', recipient: 'grace@example.com', variables: { name: 'grace' } }
    ],
    ['a question', () => compose('reset asked', 'grace@example.com'), undefined],
    ['what has no link', () => compose('password changed', 'grace@example.com', grace.id), undefined]
  ]
  for (const [what, act, letter] of cases) {
    await t.test(what, async (t) => {
      const written = await act()
      if (letter) t.match(written, letter)
      else t.equal(written, undefined)
    })
  }
})
