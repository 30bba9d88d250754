import { test } from 'tap'
import { build, post, signIn } from '../../helpers/app.ts'
import { operator } from '../../helpers/command.ts'
import { migratedDatabase } from '../../helpers/database.ts'

test('audit list', async (t) => {
  const database = await migratedDatabase(t)
  const fastify = await build(t, { database })
  const { user } = await signIn(fastify, { username: 'ada' })
  await post(fastify, '/login', { username: 'ada', password: 'wrong' })
  fastify.audit.record('operator', 'key revoked', { detail: { kid: 'a-key', reason: 'lost' } })
  await fastify.audit.flush()
  const run = await operator(t, { database })

  await t.test('shows a table', async (t) => {
    const { code, stdout, stderr } = await run(['audit', 'list'])
    t.strictSame([code, stderr], [0, ''])
    const [names, ...rows] = stdout.split('\n')
    t.match(names, /^SEQ +AT +ACTOR +ACTION +ACCOUNT +ADDRESS +DETAIL$/)
    t.strictSame(
      rows.map((row) => row.split(/ {2,}/).toSpliced(1, 1)),
      [
        ['1', 'client', 'registered', user.id, '127.0.0.1'],
        ['2', 'client', 'login', user.id, '127.0.0.1', 'method: password'],
        ['3', 'client', 'login failed', user.id, '127.0.0.1', 'reason: wrong password'],
        ['4', 'operator', 'key revoked', '-', '-', 'kid: a-key, reason: lost'],
        ['']
      ]
    )
  })

  await t.test('shows JSON of what is asked for', async (t) => {
    const words = ['--account', user.id, '--action', 'login failed', '--after', '2020-01-01', '--before', '2100-01-01']
    const { stdout } = await run(['--json', 'audit', 'list', ...words, '--limit', '5'])
    const { records } = JSON.parse(stdout)
    const { at, request_id, ...record } = records[0]
    t.strictSame(record, {
      seq: 3,
      actor: 'client',
      action: 'login failed',
      account: user.id,
      session: null,
      address: '127.0.0.1',
      detail: { reason: 'wrong password' }
    })
    t.match(at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    t.type(request_id, 'string')
    t.equal(records.length, 1)
  })

  await t.test('refuses what it cannot read', async (t) => {
    for (const words of [
      ['--account', 'ada'],
      ['--action', 'danced'],
      ['--after', 'yesterday'],
      ['--limit', '0']
    ]) {
      t.equal((await run(['audit', 'list', ...words])).code, 2, words.join(' '))
    }
  })
})
