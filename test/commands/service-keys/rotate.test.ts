import { test } from 'tap'
import { sql } from '../../../src/database/sql.ts'
import { bearer } from '../../helpers/app.ts'
import { workplace } from '../users/workplace.ts'

test('service-keys rotate', async (t) => {
  const { fastify, clock, run, ask } = await workplace(t)
  const metrics = async (key: string) => (await fastify.inject({ url: '/metrics', headers: bearer(key) })).statusCode
  const { id, key: first } = await ask('service-keys', 'create', 'nightly', '--scope', 'metrics')

  const { code, stdout, stderr } = await run(['service-keys', 'rotate', id])
  const second = stdout.trim()
  t.equal(code, 0)
  t.match(stdout, new RegExp(`^lk_${id}_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}\n$`))
  t.equal(stderr, 'The previous secret works for 86400 more seconds. Store the new one now: it is not shown again.\n')
  t.strictSame([await metrics(first), await metrics(second)], [200, 200])
  clock.advance(86_400)
  t.strictSame([await metrics(first), await metrics(second)], [401, 200])

  const now = await run(['--json', 'service-keys', 'rotate', 'nightly', '--overlap', '0'])
  const { key: third, ...rotated } = JSON.parse(now.stdout)
  t.match(rotated, { id, name: 'nightly', scopes: ['metrics'] })
  t.match(now.stderr, 'The previous secret no longer works.')
  t.strictSame([await metrics(second), await metrics(third)], [401, 200])
  t.strictSame(
    await fastify.database.open().query(sql`SELECT detail FROM audit WHERE action = 'service key made' ORDER BY seq`),
    [{ detail: { key: id } }, { detail: { key: id, reason: 'rotated' } }, { detail: { key: id, reason: 'rotated' } }]
  )

  const unknown = { code: 1, stdout: '', stderr: 'There is no such key, or it is revoked or expired.\n' }
  t.strictSame(await run(['service-keys', 'rotate', 'x'.repeat(22)]), unknown)
  t.match(await run(['service-keys', 'rotate', id, '--overlap', '604801']), { code: 2 })
})
