import { once } from 'node:events'
import { createServer, type RequestListener, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Test, test } from 'tap'
import { createVerifier, type Problem } from '../src/index.ts'
import { createClock, createKey, createPublisher, ISSUER, issue } from './issuer.ts'

const old = createKey()
const young = createKey()

function setUp() {
  const clock = createClock()
  const publisher = createPublisher(old)
  const failures: unknown[] = []
  const onFetchError = (reason: unknown) => failures.push(reason)
  const { verify } = createVerifier({ issuer: ISSUER, fetch: publisher.fetch, now: clock.now, onFetchError })
  /** What a token leads to: a code, and after how many seconds to try again. */
  const outcome = async (token: string) => {
    try {
      await verify(token)
      return 'accepted'
    } catch (error) {
      const { code, headers } = error as Problem
      return headers['retry-after'] === undefined ? code : `${code} ${headers['retry-after']}`
    }
  }
  return { clock, publisher, failures, verify, outcome, fetches: () => publisher.requests.length }
}

const lose = () => Promise.reject(new TypeError('fetch failed'))

test('keys are fetched at the first token and kept for 300 s', async (t) => {
  const { clock, outcome, fetches } = setUp()
  t.equal(fetches(), 0)
  for (const [seconds, expected] of [
    [0, 1],
    [299, 1],
    [1, 2],
    [299, 2],
    [2, 3]
  ] as const) {
    clock.advance(seconds)
    t.equal(await outcome(issue(old)).then((text) => text.replace('TOKEN_EXPIRED', 'accepted')), 'accepted')
    t.equal(fetches(), expected)
  }
})

test('the request for the keys has a timeout and follows no redirect', async (t) => {
  const timeouts: number[] = []
  const { signal } = new AbortController()
  t.intercept(AbortSignal, 'timeout', {
    value: (milliseconds: number) => {
      timeouts.push(milliseconds)
      return signal
    }
  })
  const { publisher, outcome } = setUp()
  await outcome(issue(old))
  t.strictSame(publisher.requests, [
    {
      url: `${ISSUER}/.well-known/jwks.json`,
      init: { headers: { accept: 'application/json' }, redirect: 'manual', signal }
    }
  ])
  t.strictSame(timeouts, [5_000])
})

test('many tokens at once lead to one fetch, and so do many with forged key ids', async (t) => {
  const { clock, outcome, fetches } = setUp()
  const first = await Promise.all(Array.from({ length: 100 }, () => outcome(issue(old))))
  t.strictSame([new Set(first), fetches()], [new Set(['accepted']), 1])
  clock.advance(10)
  const forged = await Promise.all(Array.from({ length: 100 }, () => outcome(issue(createKey()))))
  t.strictSame([new Set(forged), fetches()], [new Set(['TOKEN_INVALID']), 2])
  for (let second = 0; second < 10; second++) {
    clock.advance(1)
    t.equal(await outcome(issue(createKey())), 'TOKEN_INVALID')
  }
  t.equal(fetches(), 4)
})

test('a new key is found at its first token, but for the first 5 s after a fetch', async (t) => {
  const { clock, publisher, outcome, fetches } = setUp()
  await outcome(issue(old))
  publisher.answer = [young, old]
  clock.advance(4)
  t.equal(await outcome(issue(young)), 'TOKEN_INVALID')
  clock.advance(1)
  t.equal(await outcome(issue(young)), 'accepted')
  t.equal(fetches(), 2)
})

test('a key that is gone verifies nothing any more, nor do tokens that were remembered', async (t) => {
  const { clock, publisher, verify, outcome } = setUp()
  const token = issue(old)
  await verify(token)
  t.notOk(verify(token) instanceof Promise)
  publisher.answer = [young]
  clock.advance(6)
  t.equal(await outcome(issue(young)), 'accepted')
  t.equal(await outcome(token), 'TOKEN_INVALID')
  t.equal(await outcome(issue(old)), 'TOKEN_INVALID')

  publisher.answer = [old]
  clock.advance(6)
  t.equal(await outcome(token), 'accepted')
  publisher.answer = []
  clock.advance(300)
  t.equal(await outcome(token), 'TOKEN_INVALID')
})

test('tokens stay remembered while the keys stay the same', async (t) => {
  const { clock, verify, outcome, fetches } = setUp()
  const token = issue(old)
  await verify(token)
  clock.advance(300)
  t.equal(await outcome(issue(old)), 'accepted')
  t.strictSame([fetches(), verify(token) instanceof Promise], [2, false])
})

test('keys of another kind under a known id verify nothing, and spare the service a fetch', async (t) => {
  const { publisher, outcome, fetches } = setUp()
  const { kid } = old
  const oddities = [
    { kty: 'RSA', n: 'AQAB', e: 'AQAB' },
    { kty: 'oct', k: 'AA' },
    { kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA' }
  ]
  publisher.answer = () => Response.json({ keys: [...oddities.map((jwk) => ({ ...jwk, kid })), {}] })
  t.equal(await outcome(issue(old)), 'TOKEN_INVALID')
  t.equal(await outcome(issue(old)), 'TOKEN_INVALID')
  t.equal(fetches(), 1)
})

test('a key without an id verifies nothing', async (t) => {
  const { publisher, outcome } = setUp()
  publisher.answer = () => Response.json({ keys: [{ ...old.publicJwk, kid: undefined }] })
  t.equal(await outcome(issue(old, {}, { kid: undefined })), 'TOKEN_INVALID')
  t.equal(await outcome(issue(old)), 'TOKEN_INVALID')
})

test('the age of keys is that of the request for them', async (t) => {
  const { clock, publisher, outcome, fetches } = setUp()
  publisher.answer = () => {
    clock.advance(4)
    return Response.json({ keys: [old.publicJwk] })
  }
  await outcome(issue(old))
  clock.advance(296)
  await outcome(issue(old))
  t.equal(fetches(), 2)
})

test('answers that are no keys: 503, and never 401', async (t) => {
  const large = JSON.stringify({ keys: [old.publicJwk], padding: 'x'.repeat(65_536) })
  const cases: [what: string, answer: () => Response | Promise<Response>][] = [
    ['no connection', lose],
    ['a server error', () => new Response('broken', { status: 500 })],
    ['no such path, without a body', () => new Response(null, { status: 404 })],
    ['a redirect', () => new Response(null, { status: 302, headers: { location: 'https://evil.example' } })],
    ['another success', () => new Response(JSON.stringify({ keys: [old.publicJwk] }), { status: 203 })],
    ['no body', () => new Response(null)],
    ['HTML', () => new Response('<!doctype html>')],
    ['no UTF-8', () => new Response(Buffer.from(`{"keys":[${JSON.stringify(old.publicJwk)}],"x":"\xff"}`, 'latin1'))],
    ['half of it', () => new Response('{"keys": [')],
    ['null', () => Response.json(null)],
    ['a list', () => Response.json([old.publicJwk])],
    ['keys that are no list', () => Response.json({ keys: { 0: old.publicJwk } })],
    ['a key that is a text', () => Response.json({ keys: ['key'] })],
    ['more than 64 KB', () => new Response(large)]
  ]
  for (const [what, answer] of cases) {
    const { publisher, outcome, fetches, failures } = setUp()
    publisher.answer = answer
    const all = await Promise.all([outcome(issue(old)), outcome(issue(old)), outcome(issue(young))])
    t.strictSame(all, Array(3).fill('KEYS_UNAVAILABLE 5'), what)
    t.strictSame([fetches(), failures.length], [1, 1], what)
  }
  const { publisher, outcome } = setUp()
  publisher.answer = () => new Response(JSON.stringify({ keys: [old.publicJwk] }).padEnd(65_536))
  t.equal(await outcome(issue(old)), 'accepted', '64 KB')
})

test('while the keys cannot be had, a request asks for them every 5 s', async (t) => {
  const { clock, publisher, outcome, fetches } = setUp()
  publisher.answer = lose
  for (const [seconds, expected, count] of [
    [0, 'KEYS_UNAVAILABLE 5', 1],
    [1.5, 'KEYS_UNAVAILABLE 4', 1],
    [3.4, 'KEYS_UNAVAILABLE 1', 1],
    [0.1, 'KEYS_UNAVAILABLE 5', 2]
  ] as const) {
    clock.advance(seconds)
    t.strictSame([await outcome(issue(old)), fetches()], [expected, count])
  }
  publisher.answer = [old]
  clock.advance(5)
  t.equal(await outcome(issue(old)), 'accepted')
})

test('a fetch that takes long is not repeated at once', async (t) => {
  const { clock, publisher, outcome, fetches } = setUp()
  publisher.answer = () => {
    clock.advance(5)
    return lose()
  }
  t.strictSame([await outcome(issue(old)), fetches()], ['KEYS_UNAVAILABLE 5', 1])
})

test('keys up to an hour old go on while newer ones cannot be had, and nobody waits for these', async (t) => {
  const { clock, publisher, verify, outcome, fetches, failures } = setUp()
  const token = issue(old, { exp: 2_000_000_000 })
  const other = () => issue(old, { exp: 2_000_000_000 })
  await verify(token)
  publisher.answer = lose
  clock.advance(300)
  t.equal(await outcome(other()), 'accepted')
  t.strictSame([fetches(), failures.length], [2, 1])
  t.equal(await outcome(issue(young)), 'KEYS_UNAVAILABLE 5')

  publisher.answer = () => new Promise<Response>(() => {})
  clock.advance(3_000)
  t.notOk(verify(token) instanceof Promise)
  t.equal(await outcome(other()), 'accepted')
  t.equal(fetches(), 3)
})

test('keys that are an hour old verify nothing', async (t) => {
  const { clock, publisher, verify, outcome } = setUp()
  const token = issue(old, { exp: 2_000_000_000 })
  await verify(token)
  publisher.answer = lose
  clock.advance(3_599)
  t.equal(await outcome(token), 'accepted')
  clock.advance(1)
  t.equal(await outcome(token), 'KEYS_UNAVAILABLE 4')
  publisher.answer = [old]
  clock.advance(5)
  t.equal(await outcome(token), 'accepted')
})

test('keys that are there again are taken without a request that waits', async (t) => {
  const { clock, publisher, verify, outcome, fetches } = setUp()
  const token = issue(old, { exp: 2_000_000_000 })
  await verify(token)
  publisher.answer = lose
  clock.advance(300)
  await outcome(token)
  publisher.answer = [young]
  clock.advance(5)
  t.notOk(verify(token) instanceof Promise)
  // Nobody waits for it.
  await new Promise(setImmediate)
  t.equal(fetches(), 3)
  t.equal(await outcome(token), 'TOKEN_INVALID')
  t.equal(await outcome(issue(young)), 'accepted')
})

test('a clock that was set back does not make keys last longer', async (t) => {
  const { clock, outcome, fetches } = setUp()
  await outcome(issue(old))
  clock.advance(-86_400)
  await outcome(issue(old))
  t.equal(fetches(), 2)
})

/** A service whose keys are what a handler writes. */
async function serve(t: Test, handler: RequestListener): Promise<string> {
  const server = createServer(handler)
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  t.teardown(() => server.close().closeAllConnections())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

test('an answer without an end is left', async (t) => {
  const responses: ServerResponse[] = []
  const issuer = await serve(t, (_request, response) => {
    responses.push(response)
    response.write('x'.repeat(65_537))
  })
  const { verify } = createVerifier({ issuer })
  await t.rejects(Promise.resolve(verify(issue(old))), {
    code: 'KEYS_UNAVAILABLE',
    cause: { message: `${issuer}/.well-known/jwks.json answered with more than 65536 bytes` }
  })
  for (const response of responses) if (!response.closed) await once(response, 'close')
  t.equal(responses.length, 1)
})

test('an answer that stops in the middle is left at the timeout', async (t) => {
  const timeout = new AbortController()
  t.intercept(AbortSignal, 'timeout', { value: () => timeout.signal })
  const issuer = await serve(t, (_request, response) => {
    response.write('{"keys": [')
    timeout.abort(new DOMException('The operation was aborted due to timeout', 'TimeoutError'))
  })
  const { verify } = createVerifier({ issuer })
  await t.rejects(Promise.resolve(verify(issue(old))), { code: 'KEYS_UNAVAILABLE', cause: { name: 'TimeoutError' } })
})

test('a listener that throws ends no verification with keys that are still good', async (t) => {
  const clock = createClock()
  const publisher = createPublisher(old)
  const onFetchError = () => {
    throw new Error('of the listener')
  }
  const { verify } = createVerifier({ issuer: ISSUER, fetch: publisher.fetch, now: clock.now, onFetchError })
  const token = issue(old, { exp: Math.floor(clock.now() / 1000) + 900 })
  await verify(token)
  clock.advance(301)
  publisher.answer = lose
  await t.rejects(async () => verify(token), { message: 'of the listener' })
  clock.advance(6)
  t.equal((await verify(token)).iss, ISSUER)
})
