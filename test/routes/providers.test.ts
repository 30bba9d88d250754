import { test } from 'tap'
import { build } from '../helpers/app.ts'
import { buildFederated } from '../helpers/federated.ts'

test('GET /providers lists the providers in the order of the file, and nothing secret', async (t) => {
  const entry = { client_id: 'latchkey', client_secret: 'a secret' }
  const entries = [
    { ...entry, id: 'ours', kind: 'oidc', issuer: 'https://id.example.com', label: 'Ours' },
    { ...entry, id: 'google', kind: 'google' }
  ]
  const fastify = await buildFederated(t, entries)
  const answer = await fastify.inject('/providers')
  t.equal(answer.statusCode, 200)
  t.strictSame(answer.json(), {
    providers: [
      { id: 'ours', label: 'Ours', kind: 'oidc' },
      { id: 'google', label: 'Google', kind: 'google' }
    ]
  })
  t.match(answer.headers, { 'cache-control': 'no-store', 'content-type': 'application/json; charset=utf-8' })
  t.equal((await fastify.inject('/providers?x=1')).json().code, 'VALIDATION_FAILED')
  t.equal((await fastify.inject({ method: 'POST', url: '/providers' })).statusCode, 405)
})

test('GET /providers is empty without PROVIDERS', async (t) => {
  const fastify = await build(t)
  t.strictSame((await fastify.inject('/providers')).json(), { providers: [] })
})
