import { test } from 'tap'
import { operator } from '../../command.ts'
import { migratedDatabase } from '../../database.ts'
import { build } from '../../helper.ts'

test('keys list', async (t) => {
  const database = await migratedDatabase(t)
  const fastify = await build(t, { database })
  const kid = fastify.keyRing.signingKey().kid
  const run = await operator(t, { database })

  t.strictSame(await run(['keys', 'list']), { code: 0, stdout: `KID\n${kid}\n`, stderr: '' })
  const { stdout } = await run(['--json', 'keys', 'list'])
  t.strictSame(JSON.parse(stdout), { keys: [{ kid }] })
})
