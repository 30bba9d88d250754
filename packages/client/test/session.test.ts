import { test } from 'tap'
import { caught, createBrowser, createStore, json, makeToken, numberOf, refuse, SERVICE } from './browser.ts'

const PASSWORD = 'correct horse battery staple'
const ADA = { username: 'ada' }
const JSON_TYPE = { 'content-type': 'application/json' }

/** A refusal, as the session reports it. */
const refusal = (status: number, code: string, rest: object = {}) => ({
  name: 'LatchkeyError',
  status,
  code,
  message: `about ${code}`,
  retryAfter: undefined,
  errors: [],
  challenge: undefined,
  ...rest
})

const signedIn = async (options = {}) => {
  const browser = createBrowser()
  const tab = browser.open(options)
  await tab.session.signIn(ADA, PASSWORD)
  browser.seen.length = 0
  tab.events.length = 0
  return { ...browser, ...tab }
}

test('signs in with a password, in browser mode', async (t) => {
  const browser = createBrowser()
  const tab = browser.open({ service: `${SERVICE}//` })
  t.strictSame([tab.session.service, tab.session.claims()], [SERVICE, undefined])
  await tab.session.signIn({ email: 'ada@example.com' }, PASSWORD)
  t.strictSame(browser.seen, [
    {
      method: 'POST',
      url: `${SERVICE}/login`,
      headers: JSON_TYPE,
      body: { email: 'ada@example.com', password: PASSWORD, cookie: true },
      credentials: 'include',
      redirect: 'error'
    }
  ])
  t.strictSame(tab.session.claims(), { sub: 'ada', sid: 'session 1', jti: '1' })
  t.equal(tab.session.claims(), tab.session.claims(), 'the same object as long as the token is the same')
  t.equal(numberOf(await tab.session.accessToken()), 1)
  t.strictSame(tab.events, ['signed_in'])
})

test('a refused sign-in tells why, and leaves a session that there was', async (t) => {
  const { session, scripted, events } = await signedIn()
  const challenge = { factors: ['totp'], expires_in: 300, mfa_token: 'a token' }
  const errors = [{ path: '/password', message: 'too short' }]
  scripted.push(
    () => refuse(403, 'MFA_REQUIRED', {}, { challenge }),
    () => refuse(400, 'VALIDATION_FAILED', {}, { errors }),
    () => refuse(429, 'TOO_MANY_REQUESTS', { 'retry-after': '30' })
  )
  t.strictSame(await caught(session.signIn(ADA, 'x')), refusal(403, 'MFA_REQUIRED', { challenge }))
  t.strictSame(await caught(session.signIn(ADA, 'x')), refusal(400, 'VALIDATION_FAILED', { errors }))
  t.strictSame(await caught(session.signIn(ADA, 'x')), refusal(429, 'TOO_MANY_REQUESTS', { retryAfter: 30 }))
  t.equal(numberOf(await session.accessToken()), 1)
  t.strictSame(events, [])
})

test('an answer without a refresh token leaves the one in the store', async (t) => {
  const store = createStore('of ada')
  const { open, scripted } = createBrowser()
  const { session, events } = open({ store })
  const answer = () => json(200, { access_token: makeToken({ sub: 'ada', sid: '1' }), expires_in: 100 })
  const unexpected = refusal(200, 'UNEXPECTED_ANSWER', { message: 'UNEXPECTED_ANSWER' })
  scripted.push(answer, answer)
  t.strictSame(await caught(session.accessToken()), unexpected)
  t.strictSame(await caught(session.signIn({ username: 'grace' }, PASSWORD)), unexpected)
  t.strictSame([store.log, session.claims(), events], [[], undefined, []])
})

test('the second step, a passkey and a step-up', async (t) => {
  const { session, seen, events } = await signedIn()
  await session.secondStep({ factors: ['totp'], expires_in: 300, mfa_token: 'a token' }, { totp: '123456' })
  await session.signInWithCredential({ id: 'x' })
  const token = await session.accessToken()
  await session.stepUp({ password: PASSWORD })
  t.strictSame(
    seen.map(({ url, body, headers }) => [url.slice(SERVICE.length), body, headers.authorization]),
    [
      ['/login/mfa', { mfa_token: 'a token', totp: '123456' }, undefined],
      ['/login/passkey', { credential: { id: 'x' }, cookie: true }, undefined],
      ['/token/step-up', { password: PASSWORD }, `Bearer ${token}`]
    ]
  )
  t.equal(numberOf(await session.accessToken()), 4)
  t.strictSame(events, ['signed_in', 'signed_in', 'refreshed'])
})

test('a page that is opened finds its session, or that there is none', async (t) => {
  const browser = createBrowser()
  const { session, events } = browser.open()
  t.equal(await session.accessToken(), undefined)
  t.equal(await session.accessToken(), undefined)
  t.strictSame([session.claims(), browser.paths(), events], [null, ['/token/refresh'], ['signed_out']])
  browser.state.session = 'from the hosted pages'
  t.equal(await session.accessToken(), undefined, 'it does not ask again')
  t.equal(numberOf(await session.refresh()), 1, 'unless told to')
  t.strictSame(events, ['signed_out', 'signed_in'])
  const { url, body, credentials } = browser.seen.at(-1) ?? {}
  t.strictSame([url, body, credentials], [`${SERVICE}/token/refresh`, {}, 'include'])
})

test('however many ask, in however many tabs, there is one request', async (t) => {
  const browser = createBrowser()
  browser.state.session = 'a session'
  const tabs = Array.from({ length: 5 }, () => browser.open())
  const tokens = await Promise.all(tabs.flatMap(({ session }) => [session.accessToken(), session.refresh()]))
  t.strictSame(new Set(tokens.map(numberOf)), new Set([1]))
  t.strictSame(browser.paths(), ['/token/refresh'])
  t.strictSame(
    tabs.map(({ events }) => events),
    tabs.map(() => ['signed_in'])
  )
})

test('a lock that is granted before the message of its last holder is here costs no request', async (t) => {
  const browser = createBrowser()
  browser.state.session = 'a session'
  const slow = (name: string) => {
    const channel = browser.platform.openChannel(name)
    const { postMessage } = channel
    channel.postMessage = (message) => void setTimeout(() => postMessage(message), 5)
    return channel
  }
  const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms).unref())
  const tabs = [1, 2, 3].map(() => browser.open({}, { openChannel: slow, pause }))
  const tokens = await Promise.all(tabs.map(({ session }) => session.refresh()))
  t.strictSame([tokens.map(numberOf), browser.paths()], [[1, 1, 1], ['/token/refresh']])
})

test('a tab without a token in its store signs out no other', async (t) => {
  const { session, open, events } = await signedIn({ store: createStore() })
  const other = open({ store: createStore() })
  await other.session.refresh()
  t.strictSame([other.session.claims(), other.events, events], [null, ['signed_out'], []])
  t.equal(numberOf(await session.accessToken()), 1)
})

test('without locks and channels, each tab asks by itself', async (t) => {
  const browser = createBrowser()
  browser.state.session = 'a session'
  const alone = { locks: undefined, openChannel: () => undefined as never }
  const tabs = [browser.open({}, alone), browser.open({}, alone)]
  const tokens = await Promise.all(tabs.map(({ session }) => session.accessToken()))
  t.strictSame(tokens.map(numberOf), [1, 2])
  await tabs[0]?.session.signOut()
  tabs[0]?.session.close()
  t.strictSame(browser.pauses, [])
  t.equal(numberOf(await tabs[1]?.session.accessToken()), 2)
})

test('only the service can end a session, by 400 and 401', async (t) => {
  const html = (status: number) => new Response('<h1>Sign in to the network</h1>', { status })
  for (const [answer, expected] of [
    [() => refuse(400, 'VALIDATION_FAILED'), 'over'],
    [() => refuse(401, 'REFRESH_TOKEN_INVALID'), 'over'],
    [() => refuse(403, 'FORBIDDEN'), refusal(403, 'FORBIDDEN')],
    [
      () => refuse(429, 'TOO_MANY_REQUESTS', { 'retry-after': '60' }),
      refusal(429, 'TOO_MANY_REQUESTS', { retryAfter: 60 })
    ],
    [() => refuse(500, 'INTERNAL'), refusal(500, 'INTERNAL')],
    [() => refuse(503, 'OVERLOADED', { 'retry-after': '6' }), refusal(503, 'OVERLOADED', { retryAfter: 6 })],
    ...[200, 400, 401, 502].map((status) => [
      () => html(status),
      refusal(status, 'UNEXPECTED_ANSWER', { message: 'UNEXPECTED_ANSWER' })
    ]),
    ...[
      undefined,
      {},
      null,
      { access_token: 5, expires_in: 100 },
      { access_token: 'a.b.c', expires_in: 100 },
      { access_token: 'e30.bnVsbA.c2ln', expires_in: 100 },
      { access_token: makeToken({}), expires_in: 100 },
      { access_token: makeToken({ sub: 'ada' }) },
      { access_token: makeToken({ sub: 'ada' }), expires_in: -1 }
    ].map((body) => [() => json(200, body), refusal(200, 'UNEXPECTED_ANSWER', { message: 'UNEXPECTED_ANSWER' })])
  ] as [() => Response, object | 'over'][]) {
    const { session, scripted, events, open } = await signedIn()
    const other = open()
    scripted.push(answer)
    if (expected === 'over') {
      t.equal(await session.refresh(), undefined)
      t.strictSame([session.claims(), other.session.claims(), events], [null, null, ['signed_out']])
    } else {
      t.strictSame(await caught(session.refresh()), expected)
      t.strictSame([numberOf(await session.accessToken()), events], [1, []])
    }
  }
})

test('without the network nobody is signed out, and what is left of the token is used', async (t) => {
  const { session, scripted, pass, events, seen } = await signedIn()
  const lost = () => Promise.reject(new TypeError('Failed to fetch'))
  const error = refusal(0, 'NETWORK', { message: 'The service cannot be reached.' })
  pass(89_999)
  t.equal(numberOf(await session.accessToken()), 1)
  t.strictSame(seen, [])
  pass(1)
  scripted.push(lost, lost)
  t.equal(numberOf(await session.accessToken()), 1)
  pass(10_000)
  scripted.push(lost, lost)
  t.strictSame(await caught(session.accessToken()), error)
  t.strictSame([events, seen.length], [[], 4])
  t.equal(numberOf(await session.accessToken()), 2)
  t.strictSame(events, ['refreshed'])
})

test('the age of a token is counted since it came, whatever the clocks say', async (t) => {
  for (const [change, expected] of [
    [{ wall: -1e9, monotonic: 50_000 }, 1],
    [{ wall: -1e9, monotonic: 95_000 }, 2],
    [{ wall: 1e9, monotonic: 0 }, 2],
    // Standby stops the one clock.
    [{ wall: 95_000, monotonic: 10 }, 2]
  ] as const) {
    const { session, clock } = await signedIn()
    clock.wall += change.wall
    clock.monotonic += change.monotonic
    t.equal(numberOf(await session.accessToken()), expected, JSON.stringify(change))
    t.equal(numberOf(await session.accessToken()), expected, 'once')
  }
})

test('a tab that hears of a token late knows its age', async (t) => {
  const browser = createBrowser()
  const channel = browser.platform.openChannel('of a frozen tab')
  const frozen = browser.open({}, { openChannel: () => channel })
  browser.platform.openChannel(`latchkey/1 ${SERVICE}`).onmessage = (event) => {
    browser.pass(95_000)
    channel.onmessage?.(event)
  }
  await browser.open().session.signIn(ADA, PASSWORD)
  t.strictSame(frozen.session.claims(), { sub: 'ada', sid: 'session 1', jti: '1' })
  t.equal(numberOf(await frozen.session.accessToken()), 2)
})

test('what other scripts of the origin say on the channel is ignored', async (t) => {
  const { platform, session, events } = await signedIn()
  const other = platform.openChannel(`latchkey/1 ${SERVICE}`)
  const claims = session.claims()
  const token = makeToken({ sub: 'eve', sid: 'session of eve' })
  const times = { lifetimeMs: 100_000, wall: 1_000_000_000 }
  for (const message of [
    undefined,
    '',
    0,
    false,
    'a text',
    [],
    {},
    { type: 'reload' },
    { ...times },
    { ...times, token: 5 },
    { ...times, token: 'a.b.c' },
    { ...times, token: makeToken(null as never) },
    { ...times, token: makeToken({ sub: 'eve' }) },
    { token },
    { ...times, token, lifetimeMs: 'long' },
    { ...times, token, lifetimeMs: -1 },
    { ...times, token, wall: {} }
  ]) {
    t.doesNotThrow(() => other.postMessage(message), JSON.stringify(message))
    t.equal(session.claims(), claims)
  }
  t.equal(numberOf(await session.accessToken()), 1)
  t.strictSame(events, [])
  other.postMessage({ ...times, token })
  t.match(session.claims(), { sub: 'eve' })
  other.postMessage(null)
  t.equal(session.claims(), null)
})

test('a lock that is never given back, and one that may not be asked for, are done without', async (t) => {
  const browser = createBrowser()
  browser.locks.set(`latchkey/1 ${SERVICE}`, new Promise(() => {}))
  const timeouts: number[] = []
  const timeout = (ms: number) => {
    timeouts.push(ms)
    const controller = new AbortController()
    if (ms === 2000) setImmediate(() => controller.abort())
    return controller.signal
  }
  const { session } = browser.open({}, { timeout })
  await session.signIn(ADA, PASSWORD)
  t.strictSame([numberOf(await session.accessToken()), timeouts], [1, [2000, 10_000]])

  const denied = { request: () => Promise.reject(new DOMException('', 'SecurityError')) }
  const framed = createBrowser().open({}, { locks: denied as never }).session
  await framed.signIn(ADA, PASSWORD)
  t.equal(numberOf(await framed.accessToken()), 1)
})

test('signing out reaches all tabs, and the service', async (t) => {
  const { session, events, open, seen } = await signedIn()
  const other = open()
  t.equal(numberOf(await other.session.accessToken()), 2)
  await session.signOut()
  t.strictSame(
    [events, other.events],
    [
      ['refreshed', 'signed_out'],
      ['signed_in', 'signed_out']
    ]
  )
  t.strictSame([await session.accessToken(), await other.session.accessToken()], [undefined, undefined])
  const { url, body, headers } = seen.at(-1) ?? {}
  t.strictSame([url, body, headers], [`${SERVICE}/logout`, {}, JSON_TYPE])
})

test('a sign-out that does not reach the service says so', async (t) => {
  const { session, scripted, events } = await signedIn()
  const lost = () => Promise.reject(new TypeError('Failed to fetch'))
  scripted.push(lost, lost, () => refuse(400, 'VALIDATION_FAILED'))
  t.match(await caught(session.signOut()), { code: 'NETWORK' })
  t.strictSame([events, await session.accessToken()], [['signed_out'], undefined])
  await session.signOut()
  t.strictSame([events, session.claims()], [['signed_out'], null])
})

test('with a store, a sign-out that did not reach the service is repeated with the same refresh token', async (t) => {
  const store = createStore()
  const { session, scripted, seen } = await signedIn({ store })
  const lost = () => Promise.reject(new TypeError('Failed to fetch'))
  scripted.push(lost, lost)
  t.match(await caught(session.signOut()), { code: 'NETWORK' })
  t.equal(await store.get(), undefined, 'the token is gone from the store at once')
  await session.signOut()
  const asked = seen.slice(-3).map(({ url, body }) => [url.slice(SERVICE.length), body])
  t.strictSame(asked, Array(3).fill(['/logout', { refresh_token: 'refresh-1' }]))
  await session.signOut()
  t.equal(seen.length, 3, 'and no more once it has')
})

test('what overtakes a refresh wins: a sign-out, and a sign-in of another tab', async (t) => {
  for (const answer of [
    () => json(200, { access_token: makeToken({ sub: 'ada', sid: 'session 1', jti: '99' }), expires_in: 100 }),
    () => refuse(401, 'REFRESH_TOKEN_INVALID'),
    () => refuse(500, 'INTERNAL')
  ]) {
    for (const [act, expected] of [
      ['signOut', undefined],
      ['signIn', 2]
    ] as const) {
      const { session, scripted, open } = await signedIn()
      let proceed = () => {}
      const waiting = new Promise<void>((resolve) => (proceed = resolve))
      scripted.push(() => waiting.then(answer))
      const refreshed = session.refresh()
      const other = open({}, { locks: undefined as never }).session
      await new Promise((resolve) => setTimeout(resolve, 5))
      await (act === 'signOut' ? other.signOut() : other.signIn(ADA, PASSWORD))
      proceed()
      t.equal(numberOf(await refreshed), expected, act)
      t.equal(numberOf(await session.accessToken()), expected, act)
    }
  }
})

test('signing out while a sign-in is under way ends in nobody', async (t) => {
  const browser = createBrowser()
  const { session, events } = browser.open()
  await Promise.all([session.signIn(ADA, PASSWORD), session.signOut()])
  t.strictSame([browser.paths(), session.claims()], [['/login', '/logout'], null])
  t.strictSame(events, ['signed_out', 'signed_in', 'signed_out'])
})

test('with a store, the new refresh token is stored before the access token is used', async (t) => {
  const browser = createBrowser()
  const store = createStore()
  const { session } = browser.open({ store })
  session.on((event) => void store.log.push(event))
  t.equal(await session.accessToken(), undefined)
  t.strictSame(browser.seen, [], 'without a token there is nothing to ask')
  await session.signIn(ADA, PASSWORD)
  await session.refresh()
  await session.stepUp({ totp: '123456' })
  await session.signOut()
  t.strictSame(store.log, [
    'signed_out',
    'set refresh-1',
    'signed_in',
    'set refresh-2',
    'refreshed',
    'refreshed',
    'signed_out',
    'set undefined'
  ])
  t.strictSame(
    browser.seen.map(({ url, body, credentials }) => [url.slice(SERVICE.length), body, credentials]),
    [
      ['/login', { username: 'ada', password: PASSWORD }, 'same-origin'],
      ['/token/refresh', { refresh_token: 'refresh-1' }, 'same-origin'],
      ['/token/step-up', { totp: '123456' }, 'same-origin'],
      ['/logout', { refresh_token: 'refresh-2' }, 'same-origin']
    ]
  )
  await session.signOut()
  t.equal(browser.seen.length, 4)
})

test('a store that fails is an error, and nobody uses the token', async (t) => {
  const { session, events } = createBrowser().open({
    store: {
      get: () => undefined,
      set: () => {
        throw new Error('the disk is full')
      }
    }
  })
  t.match(await caught(session.signIn(ADA, PASSWORD)), { message: 'the disk is full' })
  t.strictSame([session.claims(), events], [undefined, []])
})

test('a newer token that another tab has stored stays', async (t) => {
  const browser = createBrowser()
  browser.state.session = 'a session'
  const store = createStore('refresh-0')
  const { session } = browser.open({ store })
  browser.scripted.push(() => {
    store.token = 'newer'
    return json(200, {
      access_token: makeToken({ sub: 'ada', sid: 'a session', jti: '7' }),
      expires_in: 100,
      refresh_token: 'older'
    })
  })
  t.equal(numberOf(await session.refresh()), 7)
  t.strictSame([store.token, store.log], ['newer', []])
})

test('fetch adds the token to requests to the origins that may have it', async (t) => {
  const { session, seen } = await signedIn({ origins: ['https://api.example.com'] })
  const token = `Bearer ${await session.accessToken()}`
  for (const [url, init, expected] of [
    [`${SERVICE}/me`, {}, { authorization: token, credentials: 'include', redirect: 'error' }],
    ['https://api.example.com/x', {}, { authorization: token, credentials: 'same-origin', redirect: 'error' }],
    [
      new URL('https://api.example.com/x'),
      { redirect: 'manual' },
      { authorization: token, credentials: 'same-origin', redirect: 'manual' }
    ],
    [
      new Request('https://api.example.com/x', { headers: { authorization: 'Basic eDp5' } }),
      {},
      { authorization: 'Basic eDp5', credentials: 'same-origin', redirect: 'follow' }
    ],
    ...['http://api.example.com/x', 'https://api.example.com:8443/x', 'https://auth.example.com.evil.example/x'].map(
      (url) => [url, {}, { authorization: undefined, credentials: 'same-origin', redirect: 'follow' }]
    )
  ] as [string, RequestInit, object][]) {
    const answer = await session.fetch(url, init)
    const { headers, credentials, redirect } = seen.at(-1) as (typeof seen)[0]
    t.strictSame([answer.status, { authorization: headers.authorization, credentials, redirect }], [200, expected])
  }
})

test('requests to the service have its cookies in browser mode, and as they were with a store', async (t) => {
  for (const [options, url, expected] of [
    [{}, `${SERVICE}/me`, 'include'],
    [{ service: `${SERVICE}/auth` }, `${SERVICE}/auth/me`, 'include'],
    [{ service: `${SERVICE}/auth` }, `${SERVICE}/authors`, 'omit'],
    [{ store: createStore() }, `${SERVICE}/me`, 'omit']
  ] as const) {
    const { session, seen } = await signedIn(options)
    await session.fetch(url, { credentials: 'omit' })
    const { credentials, headers } = seen.at(-1) ?? {}
    t.strictSame([credentials, numberOf(headers?.authorization)], [expected, 1])
  }
})

test('who is not signed in sends requests without a token', async (t) => {
  const browser = createBrowser()
  const { session } = browser.open()
  browser.scripted.push(
    () => refuse(400, 'VALIDATION_FAILED'),
    () => refuse(401, 'TOKEN_MISSING')
  )
  const { status } = await session.fetch(`${SERVICE}/me`)
  const { headers, redirect } = browser.seen.at(-1) ?? {}
  t.strictSame([status, headers, redirect, browser.paths()], [401, {}, 'follow', ['/token/refresh', '/me']])
})

test('a request whose token was refused is repeated once, with its body', async (t) => {
  for (const [answer, expected] of [
    [() => refuse(401, 'TOKEN_EXPIRED'), [1, 2]],
    [() => refuse(401, 'TOKEN_INVALID'), [1, 2]],
    [() => new Response('', { status: 401 }), [1, 2]],
    [() => json(401, null), [1, 2]],
    [() => json(401, { error: 'another service' }), [1, 2]],
    [() => refuse(401, 'INVALID_CREDENTIALS'), [1]],
    [() => refuse(401, 'STEP_UP_REQUIRED'), [1]],
    [() => refuse(401, 'MFA_TOKEN_INVALID'), [1]],
    [() => refuse(403, 'FORBIDDEN'), [1]],
    [() => refuse(403, 'TOKEN_INVALID'), [1]]
  ] as [() => Response, number[]][]) {
    const { session, seen, scripted } = await signedIn()
    scripted.push(answer)
    const { status } = await session.fetch(`${SERVICE}/x`, { method: 'PUT', body: '{"a":1}' })
    const sent = seen.filter(({ url }) => url.endsWith('/x'))
    t.strictSame(
      sent.map(({ headers, body }) => [numberOf(headers.authorization), body]),
      expected.map((number) => [number, { a: 1 }])
    )
    t.equal(status, expected.length === 2 ? 200 : answer().status)
  }
})

test('a request is not repeated twice, nor when the session has ended', async (t) => {
  const { session, scripted, paths } = await signedIn()
  scripted.push(
    () => refuse(401, 'TOKEN_INVALID'),
    () => json(200, { access_token: makeToken({ sub: 'ada', sid: 'session 1', jti: '2' }), expires_in: 100 }),
    () => refuse(401, 'TOKEN_INVALID'),
    () => refuse(401, 'TOKEN_INVALID'),
    () => refuse(401, 'REFRESH_TOKEN_INVALID')
  )
  t.equal((await session.fetch(`${SERVICE}/x`)).status, 401)
  t.equal((await session.fetch(`${SERVICE}/x`)).status, 401)
  t.strictSame(paths(), ['/x', '/token/refresh', '/x', '/x', '/token/refresh'])
  t.equal(session.claims(), null)
})

test('a token that another tab got meanwhile is used, and a sign-out respected', async (t) => {
  const { session, scripted, open, paths } = await signedIn()
  const other = open().session
  scripted.push(async () => {
    await other.refresh()
    return refuse(401, 'TOKEN_EXPIRED')
  })
  t.equal((await session.fetch(`${SERVICE}/x`)).status, 200)
  t.strictSame(paths(), ['/x', '/token/refresh', '/x'])
  scripted.push(async () => {
    await other.signOut()
    return refuse(401, 'TOKEN_INVALID')
  })
  t.equal((await session.fetch(`${SERVICE}/x`)).status, 401)
  t.strictSame(paths().slice(3), ['/x', '/logout'])
})

test('request sends JSON, and returns the body of the answer', async (t) => {
  const { session, scripted, seen } = await signedIn()
  const authorization = `Bearer ${await session.accessToken()}`
  t.strictSame(await session.request('GET', '/secret'), { message: 'hello' })
  scripted.push(() => json(204, undefined))
  t.equal(await session.request('POST', '/password/change', { new_password: 'x' }), undefined)
  t.strictSame(
    seen.map(({ method, url, headers, body }) => ({ method, url, headers, body })),
    [
      { method: 'GET', url: `${SERVICE}/secret`, headers: { authorization }, body: '' },
      {
        method: 'POST',
        url: `${SERVICE}/password/change`,
        headers: { ...JSON_TYPE, authorization },
        body: { new_password: 'x' }
      }
    ]
  )
  const challenge = { factors: ['password'], expires_in: 300 }
  scripted.push(
    () => refuse(401, 'STEP_UP_REQUIRED', {}, { challenge }),
    () => Promise.reject(new TypeError('Failed to fetch'))
  )
  t.strictSame(await caught(session.request('GET', '/me')), refusal(401, 'STEP_UP_REQUIRED', { challenge }))
  t.match(await caught(session.request('GET', '/me')), { code: 'NETWORK' })
})

test('a session that is not known because of a fault is told as that fault', async (t) => {
  const browser = createBrowser()
  browser.scripted.push(() => refuse(500, 'INTERNAL'))
  t.strictSame(await caught(browser.open().session.request('GET', '/me')), refusal(500, 'INTERNAL'))
})

test('listeners are told after the lock is released', async (t) => {
  const order: string[] = []
  const browser = createBrowser()
  const locks = {
    async request(_name: string, _options: object, work: () => Promise<unknown>) {
      await work()
      order.push('released')
    }
  }
  const { session } = browser.open({}, { locks: locks as never })
  session.on((event) => void order.push(event))
  await session.signIn(ADA, PASSWORD)
  await session.refresh()
  t.strictSame(order, ['released', 'signed_in', 'released', 'refreshed'])
})

test('those who wait for one refresh share its fault, too', async (t) => {
  const { session, scripted, paths } = await signedIn()
  scripted.push(() => refuse(500, 'INTERNAL'))
  const faults = await Promise.all([1, 2, 3].map(() => caught(session.refresh())))
  t.strictSame(faults, Array(3).fill(refusal(500, 'INTERNAL')))
  t.strictSame(paths(), ['/token/refresh'])
})

test('a listener is called later, and one that throws keeps no other from being called', async (t) => {
  const { session, events } = await signedIn()
  const thrown: unknown[] = []
  t.intercept(globalThis, 'queueMicrotask', {
    value: (work: () => void) =>
      void Promise.resolve()
        .then(work)
        .catch((error) => thrown.push(error.message))
  })
  session.on(() => {
    throw new Error('a fault of the page')
  })
  const late: string[] = []
  session.on((event) => void late.push(event))
  const signedOut = session.signOut()
  t.strictSame(events, [])
  await signedOut
  t.strictSame([events, late, thrown], [['signed_out'], ['signed_out'], ['a fault of the page']])
})

test('a request of JSON has ten seconds', async (t) => {
  const timeouts: number[] = []
  const timeout = (ms: number) => {
    timeouts.push(ms)
    return new AbortController().signal
  }
  const { session } = createBrowser().open({}, { timeout, locks: undefined as never })
  await session.signIn(ADA, PASSWORD)
  await session.request('GET', '/me')
  t.strictSame(timeouts, [10_000, 10_000])
})

test('a session that is closed hears nothing and says nothing, and can still be used', async (t) => {
  const browser = createBrowser()
  const { session, events } = browser.open()
  const off = session.on((event) => void events.push(`again ${event}`))
  await session.signIn(ADA, PASSWORD)
  off()
  await session.refresh()
  session.close()
  t.equal(browser.channels.size, 0)
  const other = browser.open()
  await other.session.signOut()
  t.equal(session.claims()?.sub, 'ada')
  t.equal(await session.refresh(), undefined)
  t.strictSame([session.claims(), browser.pauses], [null, [100]])
  t.strictSame([events, other.events], [['signed_in', 'again signed_in', 'refreshed'], ['signed_out']])
})

test('without a fetch of its own, the global one is used', async (t) => {
  const { session } = createBrowser().open({ fetch: undefined as never })
  t.intercept(globalThis, 'fetch', { value: async () => refuse(400, 'VALIDATION_FAILED') })
  t.equal(await session.accessToken(), undefined)
})
