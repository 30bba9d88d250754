import { test } from 'tap'
import { sql } from '../../../src/database/sql.ts'
import { bearer, NO_SERVER, PASSWORD, post, signIn } from '../../helpers/app.ts'
import { letters, tokenOf } from '../../helpers/letters.ts'
import { done, UNKNOWN, workplace } from './workplace.ts'

test('users set-email', async (t) => {
  const { fastify, run, ask } = await workplace(t, NO_SERVER)
  const database = () => fastify.database.open()
  const waiting = async () => {
    const rows = await database().query(sql`SELECT kind, recipient FROM mails ORDER BY id`)
    await database().query(sql`DELETE FROM mails`)
    return rows
  }
  const { user, access_token: token } = await signIn(fastify, { username: 'ada', email: 'old@example.com' })
  await signIn(fastify, { email: 'grace@example.com' })
  await waiting()
  const version = async () =>
    (await database().query(sql`SELECT email_version FROM users WHERE id = ${user.id}`))[0]?.email_version

  await t.test('gives another address, which a mail asks to prove', async (t) => {
    t.strictSame(
      await run(['users', 'set-email', 'ada', 'New@example.com']),
      done('Email address changed for ada: New@example.com, not verified')
    )
    t.strictSame(await waiting(), [{ kind: 'verify email', recipient: 'New@example.com' }])
    t.equal(await version(), 2, 'links that were sent before are void')
    t.match((await fastify.inject({ url: '/me', headers: bearer(token) })).json(), {
      email: 'New@example.com',
      email_verified: false
    })
  })

  await t.test('gives a proven one, and tells a proven one from before where that is asked for', async (t) => {
    const proven = await ask('users', 'set-email', 'new@example.com', 'proven@example.com', '--verified')
    const { last_login_at, ...changed } = proven
    t.type(last_login_at, 'string')
    t.strictSame(changed, {
      ...user,
      email: 'proven@example.com',
      email_verified: true,
      disabled_at: null,
      roles: [],
      email_before: 'New@example.com'
    })
    t.strictSame(await waiting(), [])
    t.match(await ask('users', 'set-email', 'ada', 'Proven@example.com'), { email_verified: true })
    t.strictSame(await waiting(), [], 'another letter case is the same address')
    t.match(await ask('users', 'set-email', 'ada', 'between@example.com', '--verified'), { email_verified: true })
    t.strictSame(await waiting(), [], 'it may be that of a thief')
    t.match(await ask('users', 'set-email', 'ada', 'Proven@example.com', '--verified'), { email_verified: true })
    const last = await ask('users', 'set-email', 'ada', 'last@example.com', '--verified', '--undo-link')
    t.match(last, { email_verified: true })
    t.strictSame(await waiting(), [{ kind: 'email changed', recipient: 'Proven@example.com' }])
    t.equal((await post(fastify, '/login', { email: 'last@example.com', password: PASSWORD })).statusCode, 200)
  })

  await t.test('refuses what another account has, or may have back', async (t) => {
    const refused: [words: string[], stderr: string][] = [
      [['ada', 'GRACE@example.com'], 'email is taken\n'],
      [['grace@example.com', 'proven@example.com'], 'email is taken\n'],
      [['ada', 'nonsense'], 'email must be an email address\n'],
      [['nobody', 'x@example.com'], UNKNOWN.stderr]
    ]
    for (const [words, stderr] of refused) {
      t.strictSame(await run(['users', 'set-email', ...words]), { code: 1, stdout: '', stderr })
    }
    t.match(await ask('users', 'set-email', 'ada', 'proven@example.com', '--verified'), { email: 'proven@example.com' })
    await waiting()
  })

  await t.test('gives the first one', async (t) => {
    await signIn(fastify, { username: 'eve' })
    t.match(await ask('users', 'set-email', 'eve', 'eve@example.com'), { email: 'eve@example.com', email_before: null })
    t.strictSame(await waiting(), [{ kind: 'verify email', recipient: 'eve@example.com' }])
  })

  t.match(
    (await run(['audit', 'list', '--action', 'email changed', '--account', user.id])).stdout,
    `operator  email changed  ${user.id}`
  )
})

test('users set-email takes every link from a thief', async (t) => {
  const { fastify, run, ask } = await workplace(t)
  const undo = (token: string) => post(fastify, '/email/change/undo', { token })
  const { access_token } = await signIn(fastify, { username: 'ada', email: 'ada@example.com' })
  const verification = { token: await tokenOf(fastify, 'verify-email'), password: PASSWORD }
  t.equal((await post(fastify, '/email/verify', verification)).statusCode, 204)
  async function askFor(email: string) {
    await post(fastify, '/email/change', { new_email: email, current_password: PASSWORD }, bearer(access_token))
    return tokenOf(fastify, 'confirm-new-email')
  }
  async function change(email: string) {
    t.equal((await post(fastify, '/email/change/confirm', { token: await askFor(email) })).statusCode, 204)
    return tokenOf(fastify, 'email-changed')
  }
  const steal = async () => {
    const owners = await change('first@thief.example')
    const thiefs = await change('second@thief.example')
    await post(fastify, '/password/forgot', { email: 'second@thief.example' })
    const reset = await tokenOf(fastify, 'reset-password')
    return { owners, thiefs, reset, confirmation: await askFor('third@thief.example') }
  }

  const { thiefs, owners, reset, confirmation } = await steal()
  await ask('users', 'set-email', 'ada', 'ada@example.com', '--verified')
  t.strictSame(await letters(fastify), [], 'none is sent a new one')
  for (const [path, body] of [
    ['/email/change/undo', { token: thiefs }],
    ['/email/change/confirm', { token: confirmation }],
    ['/password/reset', { token: reset, new_password: 'the password of the thief' }]
  ] as const) {
    t.match((await post(fastify, path, body)).json(), { code: 'EMAIL_TOKEN_INVALID' }, path)
  }
  const me = async () => (await fastify.inject({ url: '/me', headers: bearer(access_token) })).json()
  t.match(await me(), { email: 'ada@example.com', email_verified: true }, 'and no session has ended')
  t.strictSame(
    await run(['users', 'set-password', 'ada'], { input: 'another password of ada' }),
    done('Password changed for ada; 1 session ended')
  )
  t.match(await me(), { code: 'TOKEN_INVALID' })
  t.equal((await undo(owners)).statusCode, 204, 'that of the owner gives the same address')
})

test('users set-email voids a link that was not sent yet, and those of the owner for another address', async (t) => {
  const { fastify, ask } = await workplace(t, NO_SERVER)
  const { user } = await signIn(fastify, { email: 'ada@example.com' })
  await letters(fastify)
  await ask('users', 'verify', user.id)
  await ask('users', 'set-email', user.id, 'thief@example.com', '--verified', '--undo-link')
  const token = await tokenOf(fastify, 'email-changed')
  await ask('users', 'set-email', user.id, 'other@example.com', '--verified', '--undo-link')
  await ask('users', 'set-email', user.id, 'new@example.com', '--verified')
  t.strictSame(await letters(fastify), [])
  t.match((await post(fastify, '/email/change/undo', { token })).json(), { code: 'EMAIL_TOKEN_INVALID' })
  const { statusCode } = await post(fastify, '/register', { email: 'thief@example.com', password: PASSWORD })
  t.equal(statusCode, 201, 'and nobody has the addresses before any more')
})

test('where no mail can be sent, none waits', async (t) => {
  const { fastify, run } = await workplace(t, { SMTP_URL: '', PUBLIC_URL: 'https://id.example.com' })
  await run(['users', 'create', '--email', 'a@example.com', '--verified'], { input: PASSWORD })
  t.equal((await run(['users', 'set-email', 'a@example.com', 'b@example.com'])).code, 0)
  t.strictSame(await run(['users', 'set-email', 'b@example.com', 'c@example.com', '--undo-link']), {
    code: 1,
    stdout: '',
    stderr: 'No mail can be sent: set SMTP_URL and MAIL_FROM.\n'
  })
  t.strictSame(await fastify.database.open().query(sql`SELECT kind FROM mails`), [])
})
