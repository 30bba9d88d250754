import { Hono } from 'hono'
import { test } from 'tap'
import latchkeyVerify, { type HonoOptions } from '../src/hono.ts'
import { createClock, createKey, createPublisher, ISSUER, issue, NOW, REFUSALS } from './issuer.ts'

const key = createKey()

function build(options: Partial<HonoOptions> = {}) {
  const publisher = createPublisher(key)
  const authorize = latchkeyVerify({ issuer: ISSUER, fetch: publisher.fetch, now: createClock().now, ...options })
  const app = new Hono()
  app.get('/me', authorize(), (c) => c.json({ sub: c.get('claims').sub }))
  app.get('/drafts', authorize({ roles: ['editor'] }), (c) => c.text('drafts'))
  app.get('/feed', authorize({ scopes: ['read', 'feed'] }), (c) => c.text('feed'))
  const ask = async (path: string, ...authorizations: string[]) => {
    const answer = await app.request(path, {
      headers: authorizations.map((text) => ['authorization', text]) as [string, string][]
    })
    const { status, headers } = answer
    const [challenge, cache] = ['www-authenticate', 'cache-control'].map((name) => headers.get(name) ?? undefined)
    return { answer: { status, challenge, cache, body: await answer.text() }, headers }
  }
  return { ask, publisher }
}

test('a route behind authorize', async (t) => {
  const { ask } = build()
  const bearer = (claims: object = {}) => `bearer ${issue(key, claims)}`
  const repeated = bearer()
  for (const authorization of [bearer(), repeated, repeated]) {
    const { answer } = await ask('/me', authorization)
    const body = '{"sub":"0198b2a4-7d2e-7c11-a6b3-3f1d9c5e8a70"}'
    t.strictSame(answer, { status: 200, challenge: undefined, cache: undefined, body })
  }
  t.match(await ask('/drafts', bearer({ roles: ['editor'] })), { answer: { status: 200, body: 'drafts' } })
  t.match(await ask('/feed', bearer({ scope: 'feed read' })), { answer: { status: 200, body: 'feed' } })
  for (const [path, authorizations, refusal] of [
    ['/me', [], REFUSALS.missing],
    ['/me', ['Basic YTpi'], REFUSALS.missing],
    ['/me', ['Bearer'], REFUSALS.invalid],
    ['/me', [bearer({ aud: 'elsewhere' })], REFUSALS.invalid],
    ['/me', [bearer(), bearer()], REFUSALS.invalid],
    ['/me', [bearer({ exp: NOW - 900 })], REFUSALS.expired],
    ['/drafts', [bearer({ roles: 'editor' })], REFUSALS.forbidden],
    ['/feed', [bearer({ scope: 'read' })], REFUSALS.lacking]
  ] as const) {
    const { answer, headers } = await ask(path, ...authorizations)
    t.strictSame([answer, headers.get('content-type')], [refusal, 'application/json'])
  }
})

test('keys that cannot be had: 503', async (t) => {
  const { ask, publisher } = build()
  publisher.answer = () => Promise.reject(new TypeError('fetch failed'))
  const { answer, headers } = await ask('/me', `Bearer ${issue(key)}`)
  t.strictSame([answer, headers.get('retry-after')], [REFUSALS.unavailable, '5'])
})

test('the application is told why a request is refused, and the client is not', async (t) => {
  const told: unknown[] = []
  const onRefusal: HonoOptions['onRefusal'] = ({ code, reason }, { req }) => told.push([req.path, code, reason])
  const { ask } = build({ onRefusal })
  t.strictSame((await ask('/me', 'Basic YTpi')).answer, REFUSALS.missing)
  t.strictSame(told, [['/me', 'TOKEN_MISSING', 'the Authorization header has another scheme']])
})
