import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Test, test } from 'tap'
import clock from '../../../plugins/clock.ts'
import config from '../../../plugins/config.ts'
import providers from '../../../plugins/providers/providers.ts'
import { readConfig } from '../../../src/config/config.ts'
import { assemble } from '../../helpers/assemble.ts'
import { caught } from '../../helpers/caught.ts'

const client = { client_id: 'latchkey', client_secret: 'secret' }
const ENTRIES = [
  { id: 'ours', kind: 'oidc', issuer: 'http://127.0.0.1:1', ...client },
  { id: 'github', kind: 'github', ...client }
]

/** The providers alone, without a database. */
async function instance(t: Test, entries: object[], existing: boolean) {
  const PROVIDERS = join(t.testdir({}), 'providers.json')
  writeFileSync(PROVIDERS, JSON.stringify({ providers: entries }))
  const environment = entries.length > 0 ? { PROVIDERS } : {}
  const plugins = [clock, config, providers]
  const fastify = assemble(t, { plugins, config: readConfig(environment), existing })
  await fastify.ready()
  return fastify
}

for (const existing of [false, true]) {
  test(`the providers by id, in the order of the file, ${existing ? 'in a command' : 'in the service'}`, async (t) => {
    const fastify = await instance(t, ENTRIES, existing)
    t.strictSame(
      [...fastify.providers].map(([id, { redirectUri, settings }]) => [id, settings.kind, redirectUri]),
      [
        ['ours', 'oidc', 'http://127.0.0.1:3000/federation/ours/callback'],
        ['github', 'github', 'http://127.0.0.1:3000/federation/github/callback']
      ]
    )
    const secrets = { state: 'a state', nonce: 'a nonce', verifier: 'a verifier' }
    const address = new URL(String(await fastify.providers.get('github')?.begin(secrets)))
    t.equal(address.origin + address.pathname, 'https://github.com/login/oauth/authorize')
    t.match(await caught(fastify.providers.get('ours')?.begin(secrets) as Promise<string>), {
      reason: 'provider unavailable'
    })
  })
}

test('without a file there are none', async (t) => {
  const fastify = await instance(t, [], false)
  t.equal(fastify.providers.size, 0)
})
