import { test } from 'tap'
import { sql } from '../../../src/database/sql.ts'
import { addIdentity } from '../../../src/providers/identities.ts'
import { build, signIn } from '../../helpers/app.ts'
import { operator } from '../../helpers/command.ts'
import { migratedDatabase } from '../../helpers/database.ts'
import { enrolPasskey } from '../../helpers/enrolled.ts'
import { done, UNKNOWN } from './workplace.ts'

test('users unlink', async (t) => {
  const database = await migratedDatabase(t)
  const fastify = await build(t, { database })
  const run = await operator(t, { database })
  const ask = async (...words: string[]) => JSON.parse((await run(['--json', ...words])).stdout)
  const { user } = await signIn(fastify, { username: 'ada' })
  const open = fastify.database.open()
  const link = (provider: string, subject: string, email?: string) =>
    addIdentity(open, user.id, provider, {
      issuer: 'https://id.example.com',
      subject,
      ...(email && { email }),
      emailIsVerified: false
    })
  await link('google', '1', 'ada@example.org')
  await link('google', '2')
  await link('github', '3')

  t.strictSame((await run(['users', 'show', 'ada'])).stdout.match(/^provider .*$/gm)?.sort(), [
    'provider    github',
    'provider    google',
    'provider    google, as ada@example.org'
  ])
  t.strictSame(await run(['users', 'unlink', 'ada', 'google']), done('Unlinked google from ada'))
  t.strictSame(await run(['users', 'unlink', 'ada', 'google']), {
    code: 1,
    stdout: '',
    stderr: 'ada has no identity of a provider with the id google.\n'
  })
  t.strictSame(await run(['users', 'unlink', 'nobody', 'google']), UNKNOWN)

  await open.query(sql`UPDATE users SET password_hash = NULL`)
  t.strictSame(
    await run(['users', 'unlink', 'ada', 'github']),
    done('Unlinked github from ada. ada can no longer sign in: set a password with users set-password')
  )
  await link('github', '3')
  await enrolPasskey(open, user.id)
  t.strictSame(await run(['users', 'unlink', 'ada', 'github']), done('Unlinked github from ada'), 'with a passkey')
  // Where there are no passkeys, nor the provider in the settings.
  await link('github', '3')
  const entry = { id: 'other', kind: 'google', client_id: 'x', client_secret: 'y' }
  const PROVIDERS = `${t.testdir({ 'providers.json': JSON.stringify({ providers: [entry] }) })}/providers.json`
  const there = await operator(t, { database, environment: { PUBLIC_URL: 'https://192.0.2.1', PROVIDERS } })
  const { stdout } = await there(['--json', 'users', 'unlink', user.id, 'github'])
  const { last_login_at, ...unlinked } = JSON.parse(stdout)
  t.type(last_login_at, 'string')
  t.strictSame(unlinked, {
    ...user,
    disabled_at: null,
    roles: [],
    provider: 'github',
    identities_removed: 1,
    can_sign_in: false
  })
  t.match(await ask('users', 'show', 'ada'), { identities: { length: 0 }, active_sessions: 1 })

  const { records } = await ask('audit', 'list', '--action', 'identity unlinked')
  const record = { actor: 'operator', account: user.id }
  t.match(records, [
    { ...record, detail: { provider: 'google', count: 2 } },
    { ...record, detail: { provider: 'github', count: 1 } },
    { ...record, detail: { provider: 'github', count: 1 } },
    { ...record, detail: { provider: 'github', count: 1 } }
  ])
})
