import { calculateJwkThumbprint, createLocalJWKSet, type JWK, jwtVerify } from 'jose'
import { test } from 'tap'
import { build, cutOff } from '../../helpers/app.ts'

test('GET /.well-known/jwks.json', async (t) => {
  const fastify = await build(t)
  const jwks = async () => (await fastify.inject('/.well-known/jwks.json')).json() as { keys: JWK[] }

  await t.test(
    'publishes the public keys, each under its thumbprint, and says how long they may be kept',
    async (t) => {
      const response = await fastify.inject('/.well-known/jwks.json')
      t.equal(response.statusCode, 200)
      t.match(response.headers, {
        'content-type': 'application/json; charset=utf-8',
        'cache-control': 'public, max-age=300',
        'x-content-type-options': 'nosniff'
      })
      const { keys } = response.json() as { keys: JWK[] }
      t.equal(keys.length, 1)
      const [key] = keys as [JWK]
      t.strictSame(Object.keys(key).sort(), ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'])
      t.match(key, { kty: 'EC', crv: 'P-256', alg: 'ES256', use: 'sig' })
      t.equal(key.kid, await calculateJwkThumbprint(key))
    }
  )

  await t.test('is all that another library needs to verify a token', async (t) => {
    const token = fastify.tokens.issue({ id: 'x', username: 'ada' }, 'a session')
    const { payload, protectedHeader } = await jwtVerify(token, createLocalJWKSet(await jwks()), {
      algorithms: ['ES256'],
      typ: 'at+jwt',
      issuer: 'http://127.0.0.1:3000',
      audience: 'http://127.0.0.1:3000',
      requiredClaims: ['sub', 'jti', 'sid', 'iat', 'exp']
    })
    t.match(payload, { sub: 'x', sid: 'a session', preferred_username: 'ada' })
    t.equal(protectedHeader.kid, fastify.keys.signingKey().kid)
  })

  await t.test('publishes the next key before it signs', async (t) => {
    const { keys } = fastify
    const before = await fastify.inject('/.well-known/jwks.json')
    const { kid } = await keys.rotate()
    await keys.refresh()
    const { headers } = await fastify.inject('/.well-known/jwks.json')
    t.not(headers.etag, before.headers.etag, 'under another tag')
    t.equal((await jwks()).keys.at(-1)?.kid, kid)
    t.not(keys.signingKey().kid, kid)
  })

  await t.test('needs no database', async (t) => {
    const restore = cutOff(fastify)
    const { keys } = await jwks()
    restore()
    t.equal(keys.length, 2)
  })
})
