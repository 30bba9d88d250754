import { test } from 'tap'
import { sql } from '../../../src/database/sql.ts'
import { bearer, post, signIn } from '../../helpers/app.ts'
import { workplace } from '../users/workplace.ts'

test('service-keys create', async (t) => {
  const { fastify, run } = await workplace(t)
  const { access_token: token } = await signIn(fastify, { username: 'ada' })
  const create = (...words: string[]) => run(['service-keys', 'create', ...words])

  await t.test('prints the key alone, and once', async (t) => {
    const { code, stdout, stderr } = await create('orders', '--scope', 'introspect')
    t.equal(code, 0)
    t.match(stdout, /^lk_[0-9A-Za-z]{22}_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}\n$/)
    const key = stdout.trim()
    const id = key.split('_')[1]
    t.equal(stderr, `Key ${id}. Store it now: it is not shown again.\n`)
    t.equal((await post(fastify, '/introspect', { token }, bearer(key))).statusCode, 200)
    t.strictSame(
      await fastify.database.open().query(sql`SELECT actor, detail FROM audit WHERE action = 'service key made'`),
      [{ actor: 'operator', detail: { key: id } }]
    )
  })

  await t.test('answers with all of it, for machines', async (t) => {
    const scopes = ['--scope', 'users:read', 'metrics', '--scope', 'audit:read']
    const { stdout } = await create('--json', 'nightly', ...scopes, '--expires-in', '3600')
    const { id, key, created_at, expires_at, ...rest } = JSON.parse(stdout)
    t.equal(key.split('_')[1], id)
    t.equal(Date.parse(expires_at) - Date.parse(created_at), 3_600_000)
    t.strictSame(rest, {
      name: 'nightly',
      scopes: ['audit:read', 'metrics', 'users:read'],
      created_by: null,
      last_used_at: null,
      last_used_from: null,
      revoked_at: null
    })
  })

  await t.test('refuses what it cannot make', async (t) => {
    const refused: [words: string[], code: number, stderr: RegExp][] = [
      [['Orders', '--scope', 'metrics'], 1, /^name is taken\n$/],
      [['another'], 2, /required option '--scope <scope...>' not specified/],
      [['another', '--scope', 'admin'], 2, /Allowed choices are users:read, users:write/],
      [['another', '--scope', 'metrics', '--expires-in', '59'], 2, /from 60 to 315360000/],
      [['', '--scope', 'metrics'], 2, /It must have 1 to 64 characters/]
    ]
    for (const [words, code, stderr] of refused) t.match(await create(...words), { code, stdout: '', stderr })
  })
})
