import type { FastifyInstance } from 'fastify'
import { test } from 'tap'
import { v7 as uuid } from 'uuid'
import { disableAccount, enableAccount } from '../../../src/admin/accounts.ts'
import { sql } from '../../../src/database/sql.ts'
import { enqueueMail } from '../../../src/mail/mails.ts'
import { bearer, build, PASSWORD, post, signIn } from '../../helpers/app.ts'
import { letters, tokenOf } from '../../helpers/letters.ts'

const NEXT = 'another horse battery staple'

/** The audit records of links, the oldest first. */
async function recorded(fastify: FastifyInstance) {
  await fastify.audit.flush()
  return fastify.database.open().query(
    sql`SELECT actor, action, account, detail FROM audit
     WHERE action IN ('email verified', 'email changed', 'email change undone', 'password reset', 'registered')
     ORDER BY seq`
  )
}

test('use of a link', async (t) => {
  const fastify = await build(t)
  const { access_token, user } = await signIn(fastify, { email: 'ada@example.com' })
  const follow = (path: string, body: Record<string, string>) => post(fastify, path, body)

  await t.test('is recorded', async (t) => {
    await follow('/email/verify', { token: await tokenOf(fastify, 'verify-email'), password: PASSWORD })
    const change = { new_email: 'lovelace@example.com', current_password: PASSWORD }
    await post(fastify, '/email/change', change, bearer(access_token))
    await follow('/email/change/confirm', { token: await tokenOf(fastify, 'confirm-new-email') })
    await follow('/email/change/undo', { token: await tokenOf(fastify, 'email-changed') })
    const reset = { token: await tokenOf(fastify, 'reset-password'), new_password: NEXT }
    await follow('/password/reset', reset)

    const about = { actor: 'client', account: user.id }
    t.match(await recorded(fastify), [
      { ...about, action: 'registered' },
      { ...about, action: 'email verified' },
      { ...about, action: 'email changed' },
      { ...about, action: 'email change undone', detail: { count: 1 } },
      { ...about, action: 'password reset', detail: { count: 0 } }
    ])
  })

  await t.test('is not recorded if the link is invalid', async (t) => {
    const before = await recorded(fastify)
    const token = 'x'.repeat(43)
    for (const [path, body] of [
      ['/email/verify', { token, password: PASSWORD }],
      ['/email/change/confirm', { token }],
      ['/email/change/undo', { token }],
      ['/password/reset', { token, new_password: NEXT }]
    ] as const) {
      t.match((await follow(path, body)).json(), { statusCode: 400, code: 'EMAIL_TOKEN_INVALID' }, path)
    }
    t.strictSame(await recorded(fastify), before)
  })
})

test('a link makes the device known, unless the account requires a second step', async (t) => {
  const fastify = await build(t, { environment: { LIMITS: 'on' } })
  const { user } = await signIn(fastify, { email: 'ada@example.com' })
  const database = fastify.database.open()
  const require = (required: boolean) => database.query(sql`UPDATE users SET mfa_required = ${required}`)
  const cookieOf = async (path: string, body: object) => {
    const { statusCode, headers } = await post(fastify, path, body)
    t.equal(statusCode, 204, path)
    return String(headers['set-cookie']).split('=')[0]
  }
  const verification = { token: await tokenOf(fastify, 'verify-email'), password: PASSWORD }
  const links: [path: string, bodyOf: () => Promise<object>][] = [
    ['/email/verify', async () => verification],
    [
      '/password/reset',
      async () => {
        await post(fastify, '/password/forgot', { email: 'ada@example.com' })
        return { token: await tokenOf(fastify, 'reset-password'), new_password: NEXT }
      }
    ],
    [
      '/email/change/undo',
      async () => {
        const change = uuid()
        await letters(fastify)
        await database.query(
          sql`INSERT INTO email_changes (id, user_id, previous_email, email_version, changed_at)
           SELECT ${change}, id, email, email_version, now() FROM users`
        )
        const mail = { kind: 'email changed', recipient: 'ada@example.com', userId: user.id } as const
        await enqueueMail(database, { ...mail, data: { change, name: 'ada', new_email: 'eve@example.com' } })
        return { token: await tokenOf(fastify, 'email-changed'), new_password: NEXT }
      }
    ]
  ]
  for (const [path, bodyOf] of links) {
    for (const required of [true, false]) {
      await require(required)
      t.equal(await cookieOf(path, await bodyOf()), required ? 'undefined' : 'latchkey_device', `${path} ${required}`)
      await letters(fastify)
    }
  }
})

test('the end of a registration is recorded as a registration', async (t) => {
  const fastify = await build(t, { environment: { HIDE_ACCOUNTS: 'on' } })
  await post(fastify, '/register', { email: 'ada@example.com' })
  const token = await tokenOf(fastify, 'finish-registration')
  const { id } = (await post(fastify, '/register/finish', { token, password: PASSWORD })).json()
  t.match(await recorded(fastify), [{ actor: 'client', action: 'registered', account: id }])
})

test('a link that was sent before an account was disabled stays void when it is enabled', async (t) => {
  const fastify = await build(t)
  const { access_token, user } = await signIn(fastify, { email: 'ada@example.com' })
  await post(fastify, '/email/verify', { token: await tokenOf(fastify, 'verify-email'), password: PASSWORD })
  const change = { new_email: 'eve@example.com', current_password: PASSWORD }
  await post(fastify, '/email/change', change, bearer(access_token))
  const confirm = await tokenOf(fastify, 'confirm-new-email')
  await post(fastify, '/password/forgot', { email: 'ada@example.com' })
  const reset = await tokenOf(fastify, 'reset-password')
  await post(fastify, '/email/change', change, bearer(access_token))

  await disableAccount(fastify.database.open(), fastify.sessions.rules, user.id)
  await enableAccount(fastify.database.open(), user.id)
  for (const [path, body] of [
    ['/email/change/confirm', { token: confirm }],
    ['/password/reset', { token: reset, new_password: NEXT }]
  ] as const) {
    t.match((await post(fastify, path, body)).json(), { statusCode: 400, code: 'EMAIL_TOKEN_INVALID' }, path)
  }
  t.strictSame(await letters(fastify), [], 'and so does one that was not sent yet')
  t.equal((await post(fastify, '/login', { email: 'ada@example.com', password: PASSWORD })).statusCode, 200)
})
