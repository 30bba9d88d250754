import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from 'jose'
import { test } from 'tap'
import { build } from '../../helpers/app.ts'

test('the JWT library', async (t) => {
  const fastify = await build(t)
  const sign = () =>
    new Promise<string>((resolve, reject) => {
      fastify.jwt.sign({ sub: 'ada' }, (error, token) => (error ? reject(error) : resolve(token)))
    })

  await t.test('signs with ES256 and the newest key of the ring where it is given none', async (t) => {
    const { keys } = fastify
    await keys.rotate(0)
    await keys.refresh()
    const { protectedHeader, payload } = await jwtVerify(
      await sign(),
      createLocalJWKSet({ keys: [keys.signingKey().jwk] })
    )
    t.strictSame(protectedHeader, { alg: 'ES256', typ: 'at+jwt' })
    t.match(payload, { sub: 'ada', iat: Number })
  })

  await t.test('verifies no token that names no key', async (t) => {
    const token = await sign()
    t.equal(decodeProtectedHeader(token).kid, undefined)
    await t.rejects(fastify.jwt.verify(token) as unknown as Promise<unknown>)
  })

  await t.test('leaves the time to the claims, which are judged on the injected clock', async (t) => {
    const { kid, privateKey } = fastify.keys.signingKey()
    const token = fastify.jwt.sign({ exp: 1, nbf: 4_000_000_000 } as never, { key: privateKey, kid } as never)
    t.match(await fastify.jwt.verify(token), { header: { kid }, payload: { exp: 1, nbf: 4_000_000_000 } })
  })
})
