import { test } from 'tap'
import { build } from '../../helpers/app.ts'

test('the methods of a path', async (t) => {
  const fastify = await build(t, { environment: { CORS_ORIGINS: 'https://app.example' } })

  const paths: [string, string[]][] = [
    ['/login', ['POST']],
    ['/login?x=1', ['POST']],
    ['/login?/secret', ['POST']],
    ['/secret', ['GET', 'HEAD']],
    ['http://host/secret', ['GET', 'HEAD']],
    ['/%73ecret', ['GET', 'HEAD']],
    ['/.well-known/jwks.json', ['GET', 'HEAD']],
    ['/docs', ['GET', 'HEAD']],
    ['/docs/anything.css', ['GET', 'HEAD']],
    ['/secret/', []],
    ['/SECRET', []],
    ['/nowhere', []],
    ['/', ['GET', 'HEAD']],
    ['*', []],
    ['*', []],
    ['', []],
    ['/%', []]
  ]
  for (const [url, methods] of paths) {
    await t.test(`of "${url}" are ${methods.join(' and ') || 'none'}`, async (t) => {
      t.strictSame(fastify.allowedMethods(url), methods)
    })
  }
})
