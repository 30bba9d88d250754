import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import express, { type ErrorRequestHandler } from 'express'
import { type Test, test } from 'tap'
import latchkeyVerify, { type ExpressOptions } from '../src/express.ts'
import { createClock, createKey, createPublisher, ISSUER, issue, NOW, REFUSALS } from './issuer.ts'

const key = createKey()

async function build(t: Test, options: Partial<ExpressOptions> = {}) {
  const publisher = createPublisher(key)
  const clock = createClock()
  const authorize = latchkeyVerify({ issuer: ISSUER, fetch: publisher.fetch, now: () => clock.now(), ...options })
  const app = express()
  app.get('/me', authorize(), ({ claims }, response) => {
    response.json({ sub: claims.sub })
  })
  app.get('/drafts', authorize({ roles: ['editor'] }), (_request, response) => {
    response.send('drafts')
  })
  app.get('/feed', authorize({ scopes: ['read', 'feed'] }), (_request, response) => {
    response.send('feed')
  })
  const onError: ErrorRequestHandler = (error, _request, response, _next) => {
    response.status(500).send(error.message)
  }
  app.use(onError)
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const ask = async (path: string, authorization?: string) => {
    const answer = await fetch(url + path, {
      headers: { connection: 'close', ...(authorization && { authorization }) }
    })
    const { status, headers } = answer
    const [challenge, cache] = ['www-authenticate', 'cache-control'].map((name) => headers.get(name) ?? undefined)
    return { answer: { status, challenge, cache, body: await answer.text() }, headers }
  }
  return { ask, publisher, clock }
}

test('a route behind authorize', async (t) => {
  const { ask, clock } = await build(t)
  const bearer = (claims: object = {}) => `bearer ${issue(key, claims)}`
  const repeated = bearer()
  for (const authorization of [bearer(), repeated, repeated]) {
    const { answer } = await ask('/me', authorization)
    const body = '{"sub":"0198b2a4-7d2e-7c11-a6b3-3f1d9c5e8a70"}'
    t.strictSame(answer, { status: 200, challenge: undefined, cache: undefined, body })
  }
  t.match(await ask('/drafts', bearer({ roles: ['editor'] })), { answer: { status: 200, body: 'drafts' } })
  t.match(await ask('/feed', bearer({ scope: 'feed read' })), { answer: { status: 200, body: 'feed' } })
  for (const [path, authorization, refusal] of [
    ['/me', undefined, REFUSALS.missing],
    ['/me', 'Basic YTpi', REFUSALS.missing],
    ['/me', 'Bearer', REFUSALS.invalid],
    ['/me', bearer({ aud: 'elsewhere' }), REFUSALS.invalid],
    ['/me', bearer({ exp: NOW - 900 }), REFUSALS.expired],
    ['/drafts', bearer({ roles: 'editor' }), REFUSALS.forbidden],
    ['/feed', bearer({ scope: 'read' }), REFUSALS.lacking]
  ] as const) {
    const { answer, headers } = await ask(path, authorization)
    t.strictSame([answer, headers.get('content-type')], [refusal, 'application/json; charset=utf-8'])
  }

  clock.now = () => {
    throw new Error('the clock is broken')
  }
  t.match(await ask('/me', repeated), { answer: { status: 500, body: 'the clock is broken' } }, 'a fault is no refusal')
})

test('keys that cannot be had: 503', async (t) => {
  const { ask, publisher } = await build(t)
  publisher.answer = () => Promise.reject(new TypeError('fetch failed'))
  const { answer, headers } = await ask('/me', `Bearer ${issue(key)}`)
  t.strictSame([answer, headers.get('retry-after')], [REFUSALS.unavailable, '5'])
})

test('the application is told why a request is refused, and the client is not', async (t) => {
  const told: unknown[] = []
  const onRefusal: ExpressOptions['onRefusal'] = ({ code, reason }, { path }) => told.push([path, code, reason])
  const { ask } = await build(t, { onRefusal })
  t.strictSame((await ask('/me', `Bearer ${issue(key, { aud: 'elsewhere' })}`)).answer, REFUSALS.invalid)
  t.strictSame((await ask('/drafts', `Bearer ${issue(key)}`)).answer, REFUSALS.forbidden)
  t.strictSame(told, [
    ['/me', 'TOKEN_INVALID', 'unexpected "aud" claim value'],
    ['/drafts', 'FORBIDDEN', 'the token lacks a role that the route needs']
  ])
})

test('a fault of onRefusal is that of the application, and lets nobody in', async (t) => {
  const onRefusal = () => {
    throw new Error('the log is full')
  }
  const { ask } = await build(t, { onRefusal })
  t.match(await ask('/me'), { answer: { status: 500, body: 'the log is full' } })
})
