import { test } from 'tap'
import { build } from '../../helpers/app.ts'
import { operator } from '../../helpers/command.ts'
import { migratedDatabase } from '../../helpers/database.ts'

test('audit verify', async (t) => {
  const database = await migratedDatabase(t)
  const fastify = await build(t, { database })
  const run = await operator(t, { database })
  const verify = async () => {
    const { code, stdout } = await run(['audit', 'verify'])
    return [code, stdout.trim()]
  }
  const record = async (count: number) => {
    for (let index = 0; index < count; index++) fastify.audit.record('operator', 'key rotated')
    await fastify.audit.flush()
  }

  t.strictSame(await verify(), [0, 'The audit log is empty.'])
  await record(1)
  t.strictSame(await verify(), [0, '1 intact record, from number 1 to number 1.'])
  await record(4)
  t.strictSame(await verify(), [0, '5 intact records, from number 1 to number 5.'])
  const whole = await run(['audit', 'verify', '--json'])
  t.strictSame(JSON.parse(whole.stdout), { intact: true, count: 5, first: 1, last: 5, fault: null })
  t.equal(whole.stderr, '')
  t.match((await run(['audit', 'verify'], { onTerminal: true })).stderr, /^\r5 of 5 records intact\r {21}\r$/)

  await fastify.pg.pool.query("UPDATE audit SET action = 'key revoked' WHERE seq = 3")
  t.strictSame(await verify(), [1, '2 intact records, then number 3 was changed.'])
  const { code, stdout } = await run(['audit', 'verify', '--json'])
  t.strictSame(
    [code, JSON.parse(stdout)],
    [1, { intact: false, count: 2, first: 1, last: 5, fault: { seq: 3, kind: 'changed' } }]
  )
  await fastify.pg.pool.query('DELETE FROM audit')
  t.strictSame(await verify(), [
    1,
    '0 intact records, then number 1 and all later records are missing: the log is truncated.'
  ])
})
