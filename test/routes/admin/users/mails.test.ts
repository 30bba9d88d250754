import { test } from 'tap'
import { sql } from '../../../../src/database/sql.ts'
import { claimAccount } from '../../../../src/flows/account-claim.ts'
import type { Mail } from '../../../../src/mail/mails.ts'
import { type Credentials, lockOwnCredentials } from '../../../../src/users/credentials.ts'
import { build, NO_SERVER, PASSWORD, post } from '../../../helpers/app.ts'
import { letters, waiting, write } from '../../../helpers/letters.ts'
import {
  actsOf,
  addAccount,
  FORBIDDEN,
  invalid,
  NOBODY,
  NOT_FOUND,
  operator,
  ROLE_PROTECTED,
  TOO_MANY
} from '../../../helpers/operator.ts'

const ACCEPTED = { statusCode: 202, body: '' }

test('POST /admin/users/:id/mails', async (t) => {
  const fastify = await build(t, { environment: { ...NO_SERVER, LIMITS: 'on' } })
  const database = fastify.database.open()
  const admin = await operator(fastify, 'ada.admin')
  const support = await operator(fastify, 'sue.support', ['support'])
  const bob = await addAccount(fastify, { email: 'bob@example.com' })
  const eve = await addAccount(fastify, { email: 'eve@example.com', hash: null })
  const send = (id: string, kind: string) => support.call('POST', `/users/${id}/mails`, { kind })

  await t.test('sends each kind, and says so', async (t) => {
    const kinds: [id: string, kind: string, template: string, reason: string][] = [
      [eve, 'invitation', 'invitation', 'invitation'],
      [bob, 'verify_email', 'verify-email', 'verify email'],
      [bob, 'reset_password', 'reset-password', 'reset password']
    ]
    for (const [id, kind, template, reason] of kinds) {
      t.strictSame(await send(id, kind), ACCEPTED)
      t.match(await letters(fastify), [{ template, token: String }])
      t.strictSame((await actsOf(fastify)).slice(-1), [
        {
          actor: 'admin',
          action: 'mail sent by an operator',
          account: id,
          session: null,
          detail: { reason, by: support.id }
        }
      ])
    }
  })

  await t.test('a later invitation voids an earlier one', async (t) => {
    await send(eve, 'invitation')
    const [first] = await letters(fastify)
    await send(eve, 'invitation')
    const [second] = await letters(fastify)
    const reset = async (token: string | undefined) =>
      (await post(fastify, '/password/reset', { token, new_password: PASSWORD })).statusCode
    t.strictSame([await reset(first?.token), await reset(second?.token)], [400, 204])
    await letters(fastify)
    t.strictSame(await send(eve, 'invitation'), invalid('/kind', 'the account has a password'))
  })

  await t.test('an invitation that waits is not sent once a password is set, or was', async (t) => {
    const invite = async (name: string) => {
      const { statusCode, body } = await admin.call('POST', '/users', { email: `${name}@example.com`, invite: true })
      t.equal(statusCode, 201)
      return String(body.id)
    }
    const set = (id: string) => admin.call('PUT', `/users/${id}/password`, { new_password: PASSWORD })
    const claim = (id: string) =>
      database.transact(async (transaction) => {
        const account = (await lockOwnCredentials(transaction, id)) as Credentials
        await claimAccount(
          transaction,
          { lifetimes: fastify.sessions.rules, limitSecret, mail: false },
          account,
          'Test'
        )
      })
    const limitSecret = fastify.deriveKey('limits')
    const ways: [name: string, (id: string) => Promise<unknown>][] = [
      ['set', set],
      ['claimed', claim],
      ['disabled', (id) => admin.call('PATCH', `/users/${id}`, { disabled: true })]
    ]
    for (const [name, change] of ways) {
      await change(await invite(name))
      t.strictSame(await letters(fastify), [], name)
    }
    const id = await invite('again')
    await claim(id)
    await letters(fastify)
    t.strictSame(await send(id, 'invitation'), ACCEPTED, 'a new one is sent')
    t.match(await letters(fastify), [{ template: 'invitation', recipient: 'again@example.com' }])
  })

  await t.test('an invitation and a password at once leave no link', async (t) => {
    for (let round = 0; round < 4; round++) {
      const email = `both.${round}@example.com`
      const { body } = await admin.call('POST', '/users', { email, invite: true })
      const [mail] = await waiting(fastify)
      const [draft, done] = await Promise.all([
        write(fastify, mail as Mail),
        admin.call('PUT', `/users/${body.id}/password`, { new_password: PASSWORD })
      ])
      t.equal(done.statusCode, 204)
      await letters(fastify)
      const token = draft?.token ?? 'x'.repeat(43)
      const reset = await post(fastify, '/password/reset', { token, new_password: `${PASSWORD}!` })
      t.match(reset.json(), { statusCode: 400, code: 'EMAIL_TOKEN_INVALID' })
    }
  })

  await t.test('a stranger does not shorten an invitation', async (t) => {
    const id = await addAccount(fastify, { email: 'zoe@example.com', hash: null })
    await send(id, 'invitation')
    await letters(fastify)
    t.equal((await post(fastify, '/password/forgot', { email: 'zoe@example.com' })).statusCode, 202)
    const [letter] = await letters(fastify)
    t.match(letter, { template: 'reset-password', variables: { expires_in: { seconds: 604_800 } } })
    const [token] = await database.query(
      sql`SELECT extract(epoch FROM expires_at - sent_at)::int AS seconds FROM email_tokens
       WHERE user_id = ${id} ORDER BY mail_id DESC LIMIT 1`
    )
    t.strictSame(token, { seconds: 604_800 })
  })

  await t.test('five of a kind to an address in half an hour', async (t) => {
    for (let count = 1; count < 5; count++) t.strictSame(await send(bob, 'reset_password'), ACCEPTED)
    t.strictSame(await send(bob, 'reset_password'), TOO_MANY)
    t.strictSame(await send(bob, 'verify_email'), ACCEPTED, 'another kind has its own')
    t.equal((await letters(fastify)).length > 0, true)
    const sent = (await actsOf(fastify)).filter(({ account }) => account === bob)
    t.equal(sent.length, 7, 'what was refused is no mail')
  })

  await t.test('invitations with new accounts are counted too', async (t) => {
    const invite = () => admin.call('POST', '/users', { email: 'new@example.com', invite: true })
    for (let count = 1; count <= 5; count++) {
      const { statusCode, body } = await invite()
      t.equal(statusCode, 201)
      t.equal((await admin.call('DELETE', `/users/${body.id}`)).statusCode, 204)
    }
    t.strictSame(await invite(), TOO_MANY)
    t.strictSame((await admin.call('GET', '/users?email=new%40example.com')).body.users, [])
    await letters(fastify)
  })

  await t.test('refusals', async (t) => {
    const nameless = await addAccount(fastify, { username: 'carol' })
    const verified = await addAccount(fastify, { email: 'v@example.com', verified: true })
    const disabled = await addAccount(fastify, { email: 'd@example.com' })
    await database.query(sql`UPDATE users SET disabled_at = now() WHERE id = ${disabled}`)
    const root = await addAccount(fastify, { email: 'root@example.com', roles: ['admin'] })
    t.strictSame(await send(nameless, 'reset_password'), invalid('/kind', 'the account has no email address'))
    t.strictSame(await send(verified, 'verify_email'), invalid('/kind', 'the email address is verified'))
    t.strictSame(await send(disabled, 'reset_password'), invalid('/kind', 'the account is disabled'))
    t.strictSame(await send(root, 'reset_password'), ROLE_PROTECTED)
    t.strictSame(await send(NOBODY, 'reset_password'), NOT_FOUND)
    t.match(await send(bob, 'newsletter'), { statusCode: 400, body: { errors: [{ path: '/kind' }] } })
    const user = await operator(fastify, 'plain', [])
    t.strictSame(await user.call('POST', `/users/${bob}/mails`, { kind: 'invitation' }), FORBIDDEN)
    t.equal((await admin.call('POST', `/users/${root}/mails`, { kind: 'reset_password' })).statusCode, 202)
    t.match(await letters(fastify), [{ recipient: 'root@example.com' }])
  })
})

test('POST /admin/users/:id/mails where no mail can be sent', async (t) => {
  const fastify = await build(t, { environment: { PUBLIC_URL: 'https://id.example', SMTP_URL: '', MAIL_FROM: '' } })
  const admin = await operator(fastify, 'ada.admin')
  const id = await addAccount(fastify, { email: 'bob@example.com' })
  t.match(await admin.call('POST', `/users/${id}/mails`, { kind: 'reset_password' }), {
    statusCode: 503,
    body: { code: 'MAIL_UNAVAILABLE' }
  })
})
