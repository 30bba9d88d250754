import { test } from 'tap'
import { bearer, PASSWORD, post, signIn } from '../../helper.ts'
import { done, UNKNOWN, workplace } from './workplace.ts'

test('users set-email', async (t) => {
  const mail = { SMTP_URL: 'smtp://127.0.0.1:1', MAIL_FROM: 'no-reply@latchkey.test' }
  const { fastify, run, ask } = await workplace(t, mail)
  const database = () => fastify.openDatabase()
  const waiting = async () => {
    const rows = await database().query('SELECT kind, recipient FROM mails ORDER BY id')
    await database().query('DELETE FROM mails')
    return rows
  }
  const { user, access_token: token } = await signIn(fastify, { username: 'ada', email: 'old@example.com' })
  await signIn(fastify, { email: 'grace@example.com' })
  await waiting()
  const version = async () =>
    (await database().query('SELECT email_version FROM users WHERE id = $1', [user.id]))[0]?.email_version

  await t.test('gives another address, which a mail asks to prove', async (t) => {
    t.strictSame(
      await run(['users', 'set-email', 'ada', 'New@example.com']),
      done('ada has the email address New@example.com now, not verified')
    )
    t.strictSame(await waiting(), [{ kind: 'verify email', recipient: 'New@example.com' }])
    t.equal(await version(), 2, 'links that were sent before are void')
    t.match((await fastify.inject({ url: '/me', headers: bearer(token) })).json(), {
      email: 'New@example.com',
      email_verified: false
    })
  })

  await t.test('gives a proven one, and tells a proven one from before', async (t) => {
    t.strictSame(await ask('users', 'set-email', 'new@example.com', 'proven@example.com', '--verified'), {
      ...user,
      email: 'proven@example.com',
      email_verified: true,
      disabled_at: null,
      email_before: 'New@example.com'
    })
    t.strictSame(await waiting(), [])
    t.match(await ask('users', 'set-email', 'ada', 'Proven@example.com'), { email_verified: true })
    t.strictSame(await waiting(), [], 'another letter case is the same address')
    t.match(await ask('users', 'set-email', 'ada', 'last@example.com', '--verified'), { email_verified: true })
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

test('where no mail can be sent, none waits', async (t) => {
  const { fastify, run } = await workplace(t, { SMTP_URL: '', PUBLIC_URL: 'https://id.example.com' })
  await run(['users', 'create', '--email', 'a@example.com', '--verified'], { input: PASSWORD })
  t.equal((await run(['users', 'set-email', 'a@example.com', 'b@example.com'])).code, 0)
  t.strictSame(await fastify.openDatabase().query('SELECT kind FROM mails'), [])
})
