import { test } from 'tap'
import { build } from '../../helpers/app.ts'
import { operator } from '../../helpers/command.ts'
import { migratedDatabase } from '../../helpers/database.ts'

test('audit purge', async (t) => {
  const database = await migratedDatabase(t)
  const fastify = await build(t, { database })
  const run = await operator(t, { database })
  const said = async (...words: string[]) => {
    const { code, stdout } = await run(['audit', 'purge', ...words])
    return [code, stdout.trim()]
  }
  const record = async (count: number) => {
    for (let index = 0; index < count; index++) fastify.audit.record('operator', 'key rotated')
    await fastify.audit.flush()
  }

  t.equal((await run(['audit', 'purge'])).code, 2, 'needs to be told up to when')
  await record(1)
  t.strictSame(await said('--before', '2020-01-01'), [0, '0 records purged, up to number 0.'])
  t.strictSame(await said('--before', '2100-01-01', '--dry-run'), [0, '1 record would be purged, up to number 1.'])
  await record(1201)
  t.strictSame(await said('--before', '2100-01-01'), [
    1,
    '1202 records would be purged, up to number 1202.\nNothing was changed: confirm with --yes.'
  ])
  const { stdout } = await run(['--json', '--yes', 'audit', 'purge', '--before', '2100-01-01'])
  t.strictSame(JSON.parse(stdout), { count: 1202, up_to: 1202, dry_run: false, purged: true })
  t.strictSame(await said('--before', '2100-01-01', '--yes'), [0, '1 record purged, up to number 1203.'])
  t.match((await run(['audit', 'verify'])).stdout, '1 intact record, from number 1204 to number 1204.')
  t.match((await run(['audit', 'list'])).stdout, /1204 .* operator +audit purged .* count: 1, up_to: 1203/)

  await record(1200)
  // An embedded database has one session, and one process that uses it.
  const commands = 'url' in database ? 2 : 1
  const outcomes = await Promise.all(Array.from({ length: commands }, () => said('--before', '2100-01-01', '--yes')))
  for (const [code] of outcomes) t.equal(code, 0, 'each of those at once comes to an end')
  t.equal((await run(['audit', 'verify'])).code, 0, 'and leave a record that holds')

  await fastify.pg.pool.query("UPDATE audit SET action = 'key revoked'")
  const refused = await run(['audit', 'purge', '--yes', '--before', '2100-01-01'])
  t.equal(refused.code, 1)
  t.match(refused.stderr, 'The audit log was changed outside the service')
})
