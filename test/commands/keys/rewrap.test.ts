import { test } from 'tap'
import { sql } from '../../../src/database/sql.ts'
import { build } from '../../helpers/app.ts'
import { operator } from '../../helpers/command.ts'
import { migratedDatabase } from '../../helpers/database.ts'

const SECRET_KEY = 'the new secret, and long enough to be one'
const SECRET_KEY_PREVIOUS = 'only for tests, and long enough to be one'

test('keys rewrap', async (t) => {
  const database = await migratedDatabase(t)
  const fastify = await build(t, { database })
  const run = await operator(t, { database, environment: { SECRET_KEY, SECRET_KEY_PREVIOUS } })

  await t.test('encrypts all anew with the present secret, and says how much that is', async (t) => {
    t.strictSame(await run(['keys', 'rewrap']), {
      code: 0,
      stdout: 'Encrypted 1 signing key and the root secret with SECRET_KEY. SECRET_KEY_PREVIOUS is no longer needed.\n',
      stderr: ''
    })
    const alone = await operator(t, { database, environment: { SECRET_KEY } })
    t.equal((await alone(['keys', 'list'])).code, 0)
    t.equal((await alone(['keys', 'rotate'])).code, 0)
    t.match((await run(['keys', 'rewrap'])).stdout, 'Encrypted 2 signing keys and')
    t.strictSame(JSON.parse((await run(['--json', 'keys', 'rewrap'])).stdout), { signing_keys: 2 })
  })

  await t.test('changes nothing when a key is closed to both secrets, and names it', async (t) => {
    const { kid } = fastify.keys.signingKey()
    await fastify.database
      .open()
      .query(sql`UPDATE signing_keys SET private_key = ${Buffer.alloc(60)} WHERE kid = ${kid}`)
    const { code, stdout, stderr } = await run(['keys', 'rewrap'])
    t.strictSame([code, stdout], [1, ''])
    t.match(stderr, `opens the private half of key ${kid}, and nothing was changed: `)
  })
})
