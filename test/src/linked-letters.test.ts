import { test } from 'tap'
import { v7 as uuid } from 'uuid'
import { createDatabase } from '../../src/database.ts'
import { composeWithLink } from '../../src/linked-letters.ts'
import type { Kind } from '../../src/outbox.ts'
import { addUser } from '../../src/users.ts'
import { migratedDatabase, poolOf } from '../database.ts'
import { testClock } from '../helper.ts'

test('the letter of a mail', async (t) => {
  const pool = await poolOf(t, await migratedDatabase(t))
  const database = createDatabase(pool, 60_000)
  const clock = testClock()
  const ada = await addUser(database, clock, { username: 'ada', email: 'Ada@example.com', passwordHash: 'none' })
  const grace = await addUser(database, clock, {
    username: 'grace',
    email: 'grace@example.com',
    emailVerified: true,
    passwordHash: 'none'
  })
  const earlier = uuid()
  const compose = (
    kind: Kind,
    recipient: string,
    user_id: string | null = null,
    data: Record<string, string> = {},
    id = uuid()
  ) => composeWithLink(database, clock, Buffer.alloc(32), { id, kind, recipient, user_id, data, attempts: 1 })
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
      'verification asked, for an account',
      () => compose('verification asked', 'ADA@example.com'),
      { template: 'verify-email', recipient: 'Ada@example.com', variables: { expires_in: '24 hours' }, token }
    ],
    ['verification asked, for nobody', () => compose('verification asked', 'nobody@example.com'), undefined],
    ['verification asked, proven', () => compose('verification asked', 'grace@example.com'), undefined],
    [
      'reset asked, for an address that is not proven',
      () => compose('reset asked', 'ADA@example.com'),
      {
        template: 'reset-password',
        recipient: 'Ada@example.com',
        variables: { name: 'Ada@example.com', expires_in: '30 minutes' },
        token
      }
    ],
    [
      'reset asked, for a proven one',
      () => compose('reset asked', 'grace@example.com'),
      { template: 'reset-password', variables: { name: 'grace', expires_in: '30 minutes' }, token }
    ],
    ['reset asked, for nobody', () => compose('reset asked', 'nobody@example.com'), undefined],
    [
      'reset asked, beyond the share',
      () => compose('reset asked', 'grace@example.com', null, { held_off: 'yes' }),
      undefined
    ],
    [
      'reset password',
      () => compose('reset password', 'grace@example.com', grace.id),
      { template: 'reset-password', token }
    ],
    ['reset password, changed meanwhile', () => compose('reset password', 'x@example.com', grace.id), undefined],
    [
      'confirm new email',
      () => compose('confirm new email', 'new@example.com', grace.id, versions),
      { template: 'confirm-new-email', recipient: 'new@example.com', variables: { expires_in: '24 hours' }, token }
    ],
    [
      'confirm new email, of a former password',
      () => compose('confirm new email', 'new@example.com', grace.id, { ...versions, password_version: '0' }),
      undefined
    ],
    [
      'registration asked, for a new address',
      () => compose('registration asked', 'New@example.com'),
      { template: 'finish-registration', recipient: 'New@example.com', variables: { expires_in: '24 hours' }, token }
    ],
    [
      'finish registration',
      () => compose('finish registration', 'New@example.com'),
      { template: 'finish-registration', recipient: 'New@example.com', token }
    ],
    [
      'finish registration, of an earlier mail than the last',
      () => compose('finish registration', 'new@example.com', null, {}, earlier),
      undefined
    ],
    [
      'registration asked, for a taken one',
      () => compose('registration asked', 'GRACE@example.com'),
      { template: 'already-registered', recipient: 'grace@example.com', variables: { name: 'grace' } }
    ],
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
