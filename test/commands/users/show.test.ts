import { test } from 'tap'
import { sql } from '../../../src/database/sql.ts'
import { makeRecoveryCodes } from '../../../src/factors/recovery-codes.ts'
import { codesKey } from '../../../src/limits/counter-keys.ts'
import { countGuess } from '../../../src/limits/guesses.ts'
import { PASSWORD, post, signIn } from '../../helpers/app.ts'
import { enrolApp, enrolPasskey, requireStep } from '../../helpers/enrolled.ts'
import { done, UNKNOWN, workplace } from './workplace.ts'

test('users show', async (t) => {
  const { clock, fastify, run, ask } = await workplace(t, { LIMITS: 'on' })
  const { user } = await signIn(fastify, { username: 'ada', email: 'ada@example.com' })
  const [first] = (await ask('users', 'show', 'ada')).sessions
  clock.advance(60)
  await fastify.inject({
    method: 'POST',
    url: '/login',
    headers: { 'user-agent': 'a browser\u009b2J' },
    payload: { username: 'ada', password: PASSWORD }
  })
  // One after the other: of one account two passwords are hashed or wait at a time.
  const login = async (count: number, password: string) => {
    for (let made = 0; made < count; made += 1) await post(fastify, '/login', { username: 'ada', password })
  }

  await t.test('shows the account and its sessions', async (t) => {
    const { sessions, last_login_at, ...rest } = await ask('users', 'show', 'ADA')
    t.strictSame(rest, {
      ...user,
      disabled_at: null,
      roles: [],
      has_password: true,
      mfa: { required: false, totp: null, passkeys: 0, recovery_codes: 0, wrong_codes: 0, blocked_for: 0 },
      limits: [
        { name: 'username', wrong_passwords: 0, blocked_for: 0 },
        { name: 'email', wrong_passwords: 0, blocked_for: 0 }
      ],
      identities: [],
      active_sessions: 2
    })
    t.strictSame(Object.keys(first), ['id', 'created_at', 'last_used_at', 'expires_at', 'user_agent', 'ip'])
    const [latest] = sessions
    t.equal(last_login_at, latest.created_at)
    t.match(sessions, [{ user_agent: 'a browser\u009b2J', ip: '127.0.0.1' }, first])
    t.strictSame(
      await run(['users', 'show', user.id]),
      done(
        [
          `id          ${user.id}`,
          'username    ada',
          'email       ada@example.com, not verified',
          `created     ${user.created_at}`,
          'disabled    no',
          `last login  ${last_login_at}`,
          'roles       none',
          'factors     none',
          'sessions    2',
          '',
          `${'LAST USED'.padEnd(26)}${'OPENED'.padEnd(26)}FROM       WITH`,
          `${latest.last_used_at}  ${latest.created_at}  127.0.0.1  a browser?2J`,
          `${first.last_used_at}  ${first.created_at}  127.0.0.1  ${first.user_agent}`.trimEnd()
        ].join('\n')
      )
    )
  })

  await t.test('shows that an account has no password', async (t) => {
    await fastify.database.open().query(sql`INSERT INTO users (id, username, created_at)
      VALUES ('01890a5d-ac96-774b-bcce-b302099a8057', 'bare', '2026-01-31T12:00:00Z')`)
    t.match(await ask('users', 'show', 'bare'), { has_password: false })
    t.match(
      (await run(['users', 'show', 'bare'])).stdout,
      /\ndisabled {4}no\nlast login {2}never\nroles {7}none\npassword {4}none\nfactors {5}none\n/
    )
  })

  await t.test('shows which of its names is blocked, and for how long', async (t) => {
    await login(9, 'wrong')
    t.match((await run(['users', 'show', 'ada'])).stdout, /\nlimits {6}9 wrong passwords for the username\nsessions/)
    await login(1, 'wrong')
    const { stdout } = await run(['users', 'show', 'ada'])
    t.match(stdout, /\nlimits {6}10 wrong passwords for the username, blocked for (?:30|2\d) seconds\nsessions/)
    const { limits } = await ask('users', 'show', 'ada')
    t.match(limits, [{ name: 'username', wrong_passwords: 10, blocked_for: Number }, { blocked_for: 0 }])
  })

  await t.test('shows the ten of many sessions that were used last', async (t) => {
    await run(['users', 'unlock', 'ada'])
    await login(9, PASSWORD)
    const { active_sessions: living, sessions } = await ask('users', 'show', 'ada')
    t.strictSame([living, sessions.length], [11, 10])
    t.match((await run(['users', 'show', 'ada'])).stdout, '\nsessions    11, of which the 10 used last\n\nLAST USED')
  })

  await t.test(
    'shows what there is of one with an email alone, that is proven, disabled and signed in nowhere',
    async (t) => {
      const roles = ['--role', 'editor', '--role', 'author']
      const words = ['users', 'create', '--email', 'grace@example.com', '--verified', ...roles]
      await run(words, { input: PASSWORD })
      await run(['users', 'disable', 'grace@example.com'])
      const { id, created_at, disabled_at } = await ask('users', 'show', 'grace@example.com')
      const lines = [
        `id          ${id}`,
        'username    none',
        'email       grace@example.com, verified',
        `created     ${created_at}`,
        `disabled    ${disabled_at}`,
        'last login  never',
        'roles       author, editor',
        'factors     none',
        'sessions    0'
      ]
      t.strictSame(await run(['users', 'show', 'grace@example.com']), done(lines.join('\n')))
    }
  )

  await t.test('shows the factors', async (t) => {
    const { user } = await signIn(fastify, { username: 'mary' })
    const database = fastify.database.open()
    const shown = async () => /^factors +(.*)$/m.exec((await run(['users', 'show', 'mary'])).stdout)?.[1]
    await enrolPasskey(database, user.id)
    t.equal(await shown(), '1 passkey, 0 recovery codes left; second step not required')
    await enrolApp(database, fastify.deriveKey('totp secrets'), user.id)
    await makeRecoveryCodes(database, fastify.deriveKey('recovery codes'), user.id)
    await requireStep(database, user.id)
    t.equal(await shown(), 'an authenticator app, 1 passkey, 10 recovery codes left; second step required')
    await database.query(sql`UPDATE totp SET wrong_codes = 100`)
    t.match(await shown(), /^an authenticator app, blocked after too many wrong codes, 1 passkey/)
    t.match((await ask('users', 'show', 'mary')).mfa, {
      required: true,
      totp: { created_at: /^\d{4}-.*Z$/, blocked: true },
      passkeys: 1,
      recovery_codes: 10,
      wrong_codes: 0,
      blocked_for: 0
    })
    const codes = { name: codesKey(fastify.deriveKey('limits'), user.id), device: undefined }
    await countGuess(database, codes)
    t.match((await run(['users', 'show', 'mary'])).stdout, /\nlimits {6}1 wrong code\n/)
    for (let index = 1; index < 10; index++) await countGuess(database, codes)
    t.match(
      (await run(['users', 'show', 'mary'])).stdout,
      /\nlimits {6}10 wrong codes, blocked for (?:30|2\d) seconds\n/
    )
    await database.query(sql`DELETE FROM totp`)
    await database.query(sql`DELETE FROM passkeys`)
    t.equal(
      await shown(),
      '0 passkeys, 10 recovery codes left; second step required',
      'codes alone are no way around it'
    )
  })

  await t.test('shows sessions of which neither address nor program is known', async (t) => {
    await post(fastify, '/register', { username: 'hedy', password: PASSWORD })
    await post(fastify, '/login', { username: 'hedy', password: PASSWORD })
    await fastify.database.open().query(sql`UPDATE sessions SET ip = NULL, user_agent = NULL`)
    const { stdout } = await run(['users', 'show', 'hedy'])
    t.match(stdout, /\nemail {7}none\n/)
    t.match(stdout, /\nLAST USED +OPENED +FROM +WITH\n\S+Z {2}\S+Z\n$/)
  })

  await t.test('refuses who is not there', async (t) => {
    t.strictSame(await run(['users', 'show', 'nobody']), UNKNOWN)
  })
})
