import { test } from 'tap'
import { build } from '../../helpers/app.ts'
import { operator } from '../../helpers/command.ts'
import { migratedDatabase } from '../../helpers/database.ts'

test('keys list', async (t) => {
  const database = await migratedDatabase(t)
  const fastify = await build(t, { database })
  const first = fastify.keys.signingKey().kid
  const next = await fastify.keys.rotate()
  const { replacement } = await fastify.keys.revoke(first)
  const run = await operator(t, { database })

  const { code, stdout, stderr } = await run(['--json', 'keys', 'list'])
  t.strictSame([code, stderr], [0, ''])
  const { keys } = JSON.parse(stdout)
  t.strictSame(
    keys.map(({ kid, state }: Record<string, string>) => [kid, state]),
    [
      [first, 'revoked'],
      [replacement, 'signing'],
      [next.kid, 'published']
    ]
  )
  const [revoked, signing, published] = keys
  t.strictSame(published, {
    kid: next.kid,
    state: 'published',
    created_at: next.createdAt.toISOString(),
    signs_from: next.signsFrom.toISOString(),
    verifies_until: null
  })
  t.equal(revoked.verifies_until, signing.signs_from)
  t.equal(Date.parse(signing.verifies_until) - Date.parse(published.signs_from), (900 + 60) * 1000)

  const rows = (await run(['keys', 'list'])).stdout.split('\n').map((line) => line.split(/ {2,}/))
  t.strictSame(rows, [
    ['KID', 'STATE', 'CREATED', 'SIGNS FROM', 'VERIFIES UNTIL'],
    ...keys.map((key: Record<string, string | null>) => Object.values(key).map((value) => value ?? '-')),
    ['']
  ])
})
