import { test } from 'tap'
import { sql } from '../../../src/database/sql.ts'
import { bearer } from '../../helpers/app.ts'
import { done, workplace } from '../users/workplace.ts'

test('service-keys revoke', async (t) => {
  const { fastify, run, ask } = await workplace(t)
  const metrics = async (key: string) => (await fastify.inject({ url: '/metrics', headers: bearer(key) })).statusCode
  const { id, key } = await ask('service-keys', 'create', 'nightly', '--scope', 'metrics')
  t.equal(await metrics(key), 200)
  t.strictSame(
    await run(['service-keys', 'revoke', id]),
    done('Revoked nightly: every instance refuses it from now on')
  )
  t.equal(await metrics(key), 401)
  const gone = { code: 1, stdout: '', stderr: 'There is no such key, or it is revoked already.\n' }
  for (const each of [id, 'x'.repeat(22)]) t.strictSame(await run(['service-keys', 'revoke', each]), gone)
  t.strictSame(
    await fastify.database.open().query(sql`SELECT detail FROM audit WHERE action = 'service key revoked'`),
    [{ detail: { key: id } }]
  )
  const other = await ask('service-keys', 'create', 'nightly', '--scope', 'metrics')
  t.match(await ask('service-keys', 'revoke', 'Nightly'), { id: other.id, revoked_at: String })
})
