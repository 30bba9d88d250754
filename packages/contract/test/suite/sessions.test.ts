import { createHash, randomBytes } from 'node:crypto'
import { type Test, test } from 'tap'
import { testClock } from './application.ts'
import {
  type Answer,
  bearer,
  CONTRACT_INTROSPECTION_KEY,
  CONTRACT_URL,
  createClient,
  PASSWORD,
  signIn,
  unique
} from './client.ts'
import { refused } from './expectations.ts'

const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/
const UNKNOWN_ID = '0198a3c2-7f00-7000-8000-000000000000'
/** Another service is asked for introspection only where its key is known. */
const INTROSPECTION_KEY = CONTRACT_URL ? CONTRACT_INTROSPECTION_KEY : 'a key for other services that is long enough'

/** The claims of an access token, unverified. */
const claimsOf = (token: string) => JSON.parse(Buffer.from(String(token.split('.')[1]), 'base64url').toString())

/** An answer without a body. */
function done(t: Test, { status, headers, body }: Answer): void {
  t.strictSame([status, body, headers['cache-control']], [204, '', 'no-store'])
}

test('Sessions', async (t) => {
  const client = await createClient(t, INTROSPECTION_KEY ? { INTROSPECTION_KEY } : {})
  const refresh = (token: unknown) => client.request({ path: '/token/refresh', body: { refresh_token: token } })
  const logout = (token: unknown) => client.request({ path: '/logout', body: { refresh_token: token } })
  const get = (path: string, token: string) => client.request({ path, headers: bearer(token) })
  const remove = (path: string, token: string) => client.request({ method: 'DELETE', path, headers: bearer(token) })
  const login = async (username: string, password = PASSWORD) =>
    (await client.request({ path: '/login', body: { username, password } })).json
  const change = (token: string, current_password: unknown, new_password: unknown) =>
    client.request({ path: '/password/change', headers: bearer(token), body: { current_password, new_password } })
  const newcomer = async () => {
    const username = unique()
    return { username, ...(await signIn(client, { username })) }
  }

  await t.test('POST /token/refresh', async (t) => {
    await t.test('answers with tokens of the same session', async (t) => {
      const { access_token, refresh_token, user } = await newcomer()
      const { status, headers, json } = await refresh(refresh_token)
      t.equal(status, 200)
      t.equal(headers['cache-control'], 'no-store')
      t.equal(headers['set-cookie'], undefined)
      t.strictSame(Object.keys(json).sort(), ['access_token', 'expires_in', 'refresh_token', 'token_type'])
      t.match(json, { token_type: 'Bearer', expires_in: Number })
      t.not(json.refresh_token, refresh_token)
      const [before, after] = [claimsOf(access_token), claimsOf(json.access_token)]
      t.strictSame(
        [after.sid, after.sub, after.preferred_username],
        [before.sid, before.sub, before.preferred_username]
      )
      t.not(after.jti, before.jti)
      t.strictSame((await get('/me', json.access_token)).json, user)
      t.equal((await get('/secret', json.access_token)).status, 200)
    })

    await t.test('gives the same successor to many uses at once, and that one is good', async (t) => {
      const { refresh_token } = await newcomer()
      const answers = await Promise.all(Array.from({ length: 30 }, () => refresh(refresh_token)))
      t.strictSame([...new Set(answers.map(({ status }) => status))], [200])
      const successors = [...new Set(answers.map(({ json }) => json.refresh_token))]
      t.equal(successors.length, 1)
      t.equal((await refresh(successors[0])).status, 200)
    })

    await t.test('refuses a token before the used one, and within the grace ends nothing', async (t) => {
      const { refresh_token: first } = await newcomer()
      const { refresh_token: second } = (await refresh(first)).json
      const { refresh_token: third } = (await refresh(second)).json
      refused(t, await refresh(first), 401, 'REFRESH_TOKEN_INVALID')
      t.equal((await refresh(second)).json.refresh_token, third)
      t.equal((await refresh(third)).status, 200)
    })

    await t.test('takes a token that more uses came after than tabs make for a stolen one', async (t) => {
      const { refresh_token: first, access_token } = await newcomer()
      let present = first
      for (let use = 0; use < 20; use++) present = (await refresh(present)).json.refresh_token
      refused(t, await refresh(first), 401, 'REFRESH_TOKEN_INVALID')
      refused(t, await refresh(present), 401, 'REFRESH_TOKEN_INVALID')
      refused(t, await get('/me', access_token), 401, 'TOKEN_INVALID')
    })

    await t.test('refuses what is none, and ends nothing for it', async (t) => {
      const { refresh_token, access_token } = await newcomer()
      const parts = refresh_token.split('.')
      const random = (bytes: number) => randomBytes(bytes).toString('base64url')
      const others = [
        'x',
        '.',
        '..',
        'x'.repeat(512),
        '😀'.repeat(100),
        ' ',
        access_token.slice(0, 512),
        `${refresh_token}.`,
        `${refresh_token}A`,
        ` ${refresh_token}`,
        refresh_token.toUpperCase(),
        parts.slice(0, 2).join('.'),
        [...parts].reverse().join('.'),
        [parts[0], random(16), parts[2]].join('.'),
        [parts[0], random(16), random(32)].join('.'),
        [random(16), parts[1], parts[2]].join('.'),
        createHash('sha256').update(refresh_token).digest('base64url')
      ]
      for (const other of others) refused(t, await refresh(other), 401, 'REFRESH_TOKEN_INVALID')
      t.equal((await refresh(refresh_token)).status, 200)
    })

    const unfit: [string, unknown, string][] = [
      ['nothing', {}, '/refresh_token'],
      ['an empty token', { refresh_token: '' }, '/refresh_token'],
      ['a long token', { refresh_token: 'x'.repeat(513) }, '/refresh_token'],
      ['a number', { refresh_token: 5 }, '/refresh_token'],
      ['null', { refresh_token: null }, '/refresh_token'],
      ['an unknown key', { refresh_token: 'x', cookie: true }, '/cookie'],
      ['a list', [], '']
    ]
    for (const path of ['/token/refresh', '/logout']) {
      for (const [what, body, fault] of unfit) {
        await t.test(`and ${path}: ${what} does not fit`, async (t) => {
          refused(t, await client.request({ path, body }), 400, 'VALIDATION_FAILED', { errors: [{ path: fault }] })
        })
      }
    }
  })

  await t.test('POST /logout ends the session, and is idempotent', async (t) => {
    const { username, access_token, refresh_token } = await newcomer()
    const other = await login(username)
    done(t, await logout(refresh_token))
    refused(t, await refresh(refresh_token), 401, 'REFRESH_TOKEN_INVALID')
    refused(t, await get('/me', access_token), 401, 'TOKEN_INVALID')
    refused(t, await get('/sessions', access_token), 401, 'TOKEN_INVALID')
    t.equal((await get('/secret', access_token)).status, 200, 'the token alone is checked')
    done(t, await logout(refresh_token))
    for (const unknown of ['x', `${randomBytes(16).toString('base64url')}.x.y`]) done(t, await logout(unknown))
    t.equal((await get('/me', other.access_token)).status, 200)
    t.equal((await refresh(other.refresh_token)).status, 200)
  })

  await t.test('POST /logout takes an earlier token of the session', async (t) => {
    const { refresh_token: first } = await newcomer()
    const { refresh_token: second } = (await refresh(first)).json
    const { access_token, refresh_token: third } = (await refresh(second)).json
    done(t, await logout(first))
    refused(t, await refresh(third), 401, 'REFRESH_TOKEN_INVALID')
    refused(t, await get('/me', access_token), 401, 'TOKEN_INVALID')
  })

  await t.test('POST /logout with a made-up token of a session ends nothing', async (t) => {
    const { access_token, refresh_token } = await newcomer()
    const [session] = refresh_token.split('.')
    const madeUp = [session, randomBytes(16).toString('base64url'), randomBytes(32).toString('base64url')]
    done(t, await logout(madeUp.join('.')))
    t.equal((await get('/me', access_token)).status, 200)
  })

  await t.test('GET /sessions lists the active sessions of the user', async (t) => {
    const username = unique()
    await signIn(client, { username })
    const agent = { 'user-agent': 'Contract/1.0' }
    const ask = { path: '/login', headers: agent, body: { username, password: PASSWORD } }
    const { access_token } = (await client.request(ask)).json
    const gone = await login(username)
    await logout(gone.refresh_token)
    await newcomer()
    const { status, json } = await get('/sessions', access_token)
    t.equal(status, 200)
    t.strictSame(Object.keys(json), ['sessions'])
    t.equal(json.sessions.length, 2)
    t.strictSame(json.sessions.map(({ current }: { current: boolean }) => current).sort(), [false, true])
    for (const session of json.sessions) {
      t.strictSame(Object.keys(session).sort(), [
        'created_at',
        'current',
        'expires_at',
        'id',
        'ip',
        'last_used_at',
        'user_agent'
      ])
      t.match(session.id, UUID)
      for (const time of [session.created_at, session.last_used_at]) {
        t.ok(Math.abs(Date.parse(time) - Date.now()) < 60_000, time)
      }
      t.ok(Date.parse(session.expires_at) > Date.now())
    }
    const present = json.sessions.find(({ current }: { current: boolean }) => current)
    t.equal(present.id, claimsOf(access_token).sid)
    t.equal(present.user_agent, 'Contract/1.0')
    t.match(present.ip, /^[\da-f.:]+$/)
  })

  await t.test('DELETE /sessions/:id ends one session of the user', async (t) => {
    const { username, access_token } = await newcomer()
    const other = await login(username)
    const stranger = await newcomer()
    const path = `/sessions/${claimsOf(other.access_token).sid}`
    refused(t, await remove(path, stranger.access_token), 404, 'NOT_FOUND')
    done(t, await remove(path, access_token))
    refused(t, await get('/me', other.access_token), 401, 'TOKEN_INVALID')
    refused(t, await refresh(other.refresh_token), 401, 'REFRESH_TOKEN_INVALID')
    refused(t, await remove(path, access_token), 404, 'NOT_FOUND')
    refused(t, await remove(`/sessions/${UNKNOWN_ID}`, access_token), 404, 'NOT_FOUND')
    refused(t, await remove(`/sessions/${claimsOf(stranger.access_token).sid}`, access_token), 404, 'NOT_FOUND')
    t.equal((await get('/me', stranger.access_token)).status, 200)
    for (const id of ['x', `urn:uuid:${UNKNOWN_ID}`, `{${UNKNOWN_ID}}`, `${UNKNOWN_ID}x`, '%00']) {
      const answer = await remove(`/sessions/${id}`, access_token)
      refused(t, answer, 400, 'VALIDATION_FAILED', { errors: [{ path: '/id' }] })
    }
    done(t, await remove(`/sessions/${claimsOf(access_token).sid.toUpperCase()}`, access_token))
    refused(t, await get('/sessions', access_token), 401, 'TOKEN_INVALID')
  })

  await t.test('DELETE /sessions ends all but the present one', async (t) => {
    const { username, access_token } = await newcomer()
    const [other, third, stranger] = [await login(username), await login(username), await newcomer()]
    done(t, await remove('/sessions', access_token))
    for (const { access_token: token } of [other, third]) refused(t, await get('/me', token), 401, 'TOKEN_INVALID')
    t.equal((await get('/sessions', access_token)).json.sessions.length, 1)
    t.equal((await get('/me', stranger.access_token)).status, 200)
    refused(t, await remove('/sessions', other.access_token), 401, 'TOKEN_INVALID')
  })

  await t.test('a DELETE without a body may say anything of its type', async (t) => {
    const { access_token } = await newcomer()
    for (const type of ['application/json', 'application/json; charset=utf-8', 'text/plain', 'rubbish', ';;', '']) {
      const headers = { ...bearer(access_token), 'content-type': type, 'content-length': '0' }
      done(t, await client.request({ method: 'DELETE', path: '/sessions', headers }))
    }
    const body = { a: 1 }
    const answer = await client.request({ method: 'DELETE', path: '/sessions', headers: bearer(access_token), body })
    refused(t, answer, 400, 'VALIDATION_FAILED', { errors: [{ path: '/a' }] })
  })

  await t.test('POST /password/change', async (t) => {
    const CHANGED = 'another horse, another battery'

    await t.test('changes the password and ends every other session', async (t) => {
      const { username, access_token, refresh_token } = await newcomer()
      const other = await login(username)
      done(t, await change(access_token, PASSWORD, CHANGED))
      t.equal((await login(username)).code, 'INVALID_CREDENTIALS')
      t.ok((await login(username, CHANGED)).access_token)
      refused(t, await get('/me', other.access_token), 401, 'TOKEN_INVALID')
      refused(t, await refresh(other.refresh_token), 401, 'REFRESH_TOKEN_INVALID')
      t.equal((await get('/me', access_token)).status, 200)
      t.equal((await refresh(refresh_token)).status, 200)
    })

    await t.test('needs the current password', async (t) => {
      const { username, access_token } = await newcomer()
      for (const wrong of ['x', CHANGED, PASSWORD.toUpperCase(), `${PASSWORD} `, 'x'.repeat(1024)]) {
        refused(t, await change(access_token, wrong, CHANGED), 401, 'INVALID_CREDENTIALS')
      }
      t.ok((await login(username)).access_token)
    })

    await t.test('refuses a bad new one, by its rule', async (t) => {
      const { username, access_token } = await newcomer()
      for (const [bad, rule] of [
        ['q7!xz', 'min_length'],
        ['', 'min_length'],
        ['x'.repeat(73), 'max_bytes'],
        ['password123', 'common'],
        [username.toUpperCase(), 'same_as_name']
      ]) {
        const errors = [{ path: '/new_password', rule: rule as string }]
        refused(t, await change(access_token, PASSWORD, bad), 400, 'PASSWORD_REJECTED', { errors })
      }
      t.ok((await login(username)).access_token)
    })

    await t.test('refuses what does not fit, but a missing token first', async (t) => {
      const { access_token } = await newcomer()
      const errors = [{ path: '/current_password' }, { path: '/new_password' }]
      refused(t, await change(access_token, 5, null), 400, 'VALIDATION_FAILED', { errors })
      const path = '/password/change'
      refused(t, await client.request({ path, body: {} }), 401, 'TOKEN_MISSING')
      refused(t, await client.request({ path, headers: bearer('x'), body: 'x' }), 401, 'TOKEN_INVALID')
    })

    await t.test('refuses the token of a session that is over, whatever the body', async (t) => {
      const { access_token, refresh_token } = await newcomer()
      await logout(refresh_token)
      for (const [current, changed] of [
        [PASSWORD, CHANGED],
        [5, 5]
      ]) {
        refused(t, await change(access_token, current, changed), 401, 'TOKEN_INVALID')
      }
      refused(t, await get('/me?x=1', access_token), 401, 'TOKEN_INVALID')
    })
  })

  async function introspection(t: Test, key: string) {
    const FORM = { 'content-type': 'application/x-www-form-urlencoded' }
    const ask = (token: string) => client.request({ path: '/introspect', headers: bearer(key), body: { token } })
    const INACTIVE = { active: false }

    await t.test('tells what a token of a living session is worth', async (t) => {
      const { username, access_token, refresh_token, user } = await newcomer()
      const { sid, iat, exp, auth_time } = claimsOf(access_token)
      const authentication = { auth_time, amr: ['pwd'], acr: 'aal1' }
      const { status, json, headers } = await ask(access_token)
      t.equal(status, 200)
      t.equal(headers['cache-control'], 'no-store')
      const { issuer: iss, audience: aud } = client
      const token = { active: true, sub: user.id, sid, iss, aud, iat, exp, token_type: 'Bearer', username }
      t.strictSame(json, { ...token, ...authentication })
      const refreshing = (await ask(refresh_token)).json
      t.match(refreshing, { active: true, sub: user.id, sid, iss, aud, username, iat: Number, exp: Number })
      t.match(refreshing, authentication)
      t.equal((await refresh(refresh_token)).status, 200, 'asking is no use of it')
    })

    await t.test('takes the form of RFC 7662 too', async (t) => {
      const { access_token, user } = await newcomer()
      const body = new URLSearchParams({ token: access_token, token_type_hint: 'access_token' }).toString()
      const headers = { ...bearer(key), ...FORM }
      for (const more of ['', '&client_id=x&more=y']) {
        const answer = await client.request({ path: '/introspect', headers, body: `${body}${more}` })
        t.match(answer.json, { active: true, sub: user.id }, 'unknown parameters are ignored (RFC 6749 §3.2)')
      }
      const refusals: [string, string, object][] = [
        ['', 'MALFORMED_REQUEST', {}],
        ['token_type_hint=x', 'VALIDATION_FAILED', { errors: [{ path: '/token' }] }],
        ['token=', 'VALIDATION_FAILED', { errors: [{ path: '/token' }] }],
        ['token=x&token=y', 'MALFORMED_REQUEST', {}],
        ['token=%00', 'MALFORMED_REQUEST', {}],
        ['__proto__=x', 'MALFORMED_REQUEST', {}]
      ]
      for (const [body, code, expected] of refusals) {
        refused(t, await client.request({ path: '/introspect', headers, body }), 400, code, expected)
      }
    })

    await t.test('tells at once that a session is over, and nothing of other tokens', async (t) => {
      const { access_token, refresh_token } = await newcomer()
      await logout(refresh_token)
      for (const token of [access_token, refresh_token, 'x', '..', 'a.b.c', `${access_token}x`, '😀']) {
        const { status, json } = await ask(token)
        t.strictSame([status, json], [200, INACTIVE], token.slice(0, 20))
      }
    })

    await t.test('asks callers for the service key', async (t) => {
      const { access_token } = await newcomer()
      const body = { token: access_token }
      const path = '/introspect'
      refused(t, await client.request({ path, body }), 401, 'TOKEN_MISSING')
      for (const wrong of [access_token, key.slice(1), `${key}x`, 'x']) {
        refused(t, await client.request({ path, headers: bearer(wrong), body }), 401, 'TOKEN_INVALID')
      }
      refused(t, await client.request({ path, headers: bearer('x'), body: '{' }), 401, 'TOKEN_INVALID')
    })
  }

  if (INTROSPECTION_KEY) await t.test('POST /introspect', (t) => introspection(t, INTROSPECTION_KEY))

  await t.test('browser mode', async (t) => {
    const origin = new URL(client.issuer).origin
    const browser = (cookie: string, from?: string) => ({ cookie, ...(from && { origin: from }) })
    const open = async () => {
      const username = unique()
      await client.request({ path: '/register', body: { username, password: PASSWORD } })
      return client.request({ path: '/login', body: { username, password: PASSWORD, cookie: true } })
    }
    const secure = !/^http:\/\/(?:localhost|127\.|\[::1\])/.test(origin)
    const name = secure ? '__Host-refresh_token' : 'refresh_token'
    const cookieOf = ({ headers }: Answer) => String(headers['set-cookie']).split(';')[0] as string

    await t.test('gives the refresh token as a cookie, and leaves it out of the body', async (t) => {
      const answer = await open()
      t.equal(answer.status, 200)
      t.strictSame(Object.keys(answer.json).sort(), ['access_token', 'expires_in', 'token_type'])
      const [value, ...attributes] = String(answer.headers['set-cookie']).split('; ')
      t.match(value, new RegExp(`^${name}=[\\w.-]+$`))
      const fixed = attributes.filter((attribute) => !attribute.startsWith('Max-Age='))
      t.strictSame(fixed.sort(), ['HttpOnly', 'Path=/', 'SameSite=Strict', ...(secure ? ['Secure'] : [])])
    })

    await t.test('refreshes with the cookie, and sets the next one', async (t) => {
      const first = await open()
      const answer = await client.request({
        path: '/token/refresh',
        headers: browser(cookieOf(first), origin),
        body: {}
      })
      t.equal(answer.status, 200)
      t.strictSame(Object.keys(answer.json).sort(), ['access_token', 'expires_in', 'token_type'])
      t.match(cookieOf(answer), `${name}=`)
      t.not(cookieOf(answer), cookieOf(first))
      t.equal((await get('/me', answer.json.access_token)).status, 200)
    })

    for (const path of ['/token/refresh', '/logout']) {
      await t.test(`${path} takes the cookie from a page of the service's own origin alone`, async (t) => {
        const first = await open()
        const foreign = ['https://evil.example', `${origin}.evil.example`, `${origin}:1`, 'null', undefined]
        for (const from of foreign) {
          refused(
            t,
            await client.request({ path, headers: browser(cookieOf(first), from), body: {} }),
            403,
            'FORBIDDEN'
          )
        }
        t.equal((await get('/me', first.json.access_token)).status, 200, 'nothing has ended')
      })
    }

    await t.test('a token in the body wins over the cookie, from anywhere', async (t) => {
      const [{ refresh_token }, inCookie] = [await newcomer(), await open()]
      const headers = browser(cookieOf(inCookie), 'https://evil.example')
      const answer = await client.request({ path: '/token/refresh', headers, body: { refresh_token } })
      t.equal(answer.status, 200)
      t.ok(answer.json.refresh_token)
      t.equal(answer.headers['set-cookie'], undefined)
    })

    await t.test('a cookie that is no token is refused', async (t) => {
      const headers = browser(`${name}=x`, origin)
      refused(t, await client.request({ path: '/token/refresh', headers, body: {} }), 401, 'REFRESH_TOKEN_INVALID')
    })

    for (const path of ['/token/refresh', '/logout']) {
      await t.test(`${path} minds no other cookie, and takes the first of two`, async (t) => {
        const [first, second] = [await open(), await open()]
        const others = '0=%; 1=%; =; latchkey_device=%E0%A4%A'
        for (const from of ['https://evil.example', origin]) {
          const errors = [{ path: '/refresh_token' }]
          const answer = await client.request({ path, headers: browser(others, from), body: {} })
          refused(t, answer, 400, 'VALIDATION_FAILED', { errors })
        }
        const headers = browser(`${others}; ${cookieOf(first)}; ${cookieOf(second)}`, origin)
        t.ok((await client.request({ path, headers, body: {} })).status < 300)
        t.equal((await get('/me', second.json.access_token)).status, 200, 'the other session lives on')
      })
    }

    await t.test('logs out with the cookie, and takes it away', async (t) => {
      const first = await open()
      const answer = await client.request({ path: '/logout', headers: browser(cookieOf(first), origin), body: {} })
      done(t, answer)
      t.match(answer.headers['set-cookie'], new RegExp(`^${name}=; Max-Age=0; `))
      refused(t, await get('/me', first.json.access_token), 401, 'TOKEN_INVALID')
    })
  })
})

/** Effects of time, which can be advanced only for a service in this process. */
if (CONTRACT_URL === undefined) {
  test('Sessions, while time passes', async (t) => {
    const clock = await testClock()
    const client = await createClient(t, {}, clock)
    const refresh = (token: unknown) => client.request({ path: '/token/refresh', body: { refresh_token: token } })

    await t.test(
      'a token that was first used before the grace ends the session, however often the thief refreshes',
      async (t) => {
        const { access_token, refresh_token: owners } = await signIn(client, { username: unique() })
        let stolen = (await refresh(owners)).json.refresh_token
        for (let use = 0; use < 6; use++) {
          clock.advance(9)
          stolen = (await refresh(stolen)).json.refresh_token
        }
        clock.advance(3)
        refused(t, await refresh(owners), 401, 'REFRESH_TOKEN_INVALID')
        refused(t, await refresh(stolen), 401, 'REFRESH_TOKEN_INVALID')
        refused(t, await client.request({ path: '/me', headers: bearer(access_token) }), 401, 'TOKEN_INVALID')
      }
    )
  })

  test('Sessions, without a grace', async (t) => {
    const client = await createClient(t, { REFRESH_GRACE: '0' })
    const refresh = (token: unknown) => client.request({ path: '/token/refresh', body: { refresh_token: token } })

    await t.test('a second use of a token ends its session, and no other', async (t) => {
      const username = unique()
      const { access_token, refresh_token: first } = await signIn(client, { username })
      const other = (await client.request({ path: '/login', body: { username, password: PASSWORD } })).json
      const { refresh_token: second } = (await refresh(first)).json
      refused(t, await refresh(first), 401, 'REFRESH_TOKEN_INVALID')
      refused(t, await refresh(second), 401, 'REFRESH_TOKEN_INVALID')
      refused(t, await client.request({ path: '/me', headers: bearer(access_token) }), 401, 'TOKEN_INVALID')
      t.equal((await refresh(other.refresh_token)).status, 200)
    })

    await t.test('POST /introspect is absent without a key', async (t) => {
      refused(t, await client.request({ path: '/introspect', body: { token: 'x' } }), 404, 'NOT_FOUND')
    })
  })
}
