import { type Test, test } from 'tap'
import config from '../../../plugins/config.ts'
import ceremonies from '../../../plugins/factors/ceremonies.ts'
import { readConfig } from '../../../src/config/config.ts'
import { assemble } from '../../helpers/assemble.ts'

async function start(t: Test, environment: Record<string, string>, existing = false) {
  const log: Record<string, unknown>[] = []
  const fastify = assemble(t, { plugins: [config, ceremonies], config: readConfig(environment), existing, log })
  await fastify.ready()
  return { ceremonies: fastify.ceremonies, messages: log.map(({ msg }) => msg) }
}

test('what verifies passkeys is loaded for the relying party of the settings', async (t) => {
  const started = await start(t, { PUBLIC_URL: 'https://auth.example.com' })
  t.strictSame(started.ceremonies?.party, { id: 'auth.example.com', origins: ['https://auth.example.com'] })
  t.type((await started.ceremonies?.loaded)?.verifyAssertion, 'function')
  t.strictSame(started.messages, [])
})

test('at a loopback address, the log says where passkeys are', async (t) => {
  const { ceremonies, messages } = await start(t, { PUBLIC_URL: 'http://127.0.0.1:3000' })
  t.equal(ceremonies?.party.id, 'localhost')
  t.strictSame(messages, ['browsers have no passkeys at http://127.0.0.1:3000, but at http://localhost:3000'])
})

test('where there can be none, nothing is loaded, and the log says so', async (t) => {
  const { ceremonies, messages } = await start(t, { PUBLIC_URL: 'https://192.0.2.1' })
  t.equal(ceremonies, undefined)
  t.strictSame(messages, [
    'no passkeys: browsers have none at https://192.0.2.1 (set PUBLIC_URL to an https:// URL with a name)'
  ])
})

test('commands load nothing', async (t) => {
  t.equal((await start(t, { PUBLIC_URL: 'https://auth.example.com' }, true)).ceremonies, undefined)
})
