import { type Test, test } from 'tap'
import { type Answer, CONTRACT_URL, PASSWORD, unique } from './client.ts'
import { refused } from './expectations.ts'
import { assuranceOf, claimsOf, createFactors, PWD_OTP, type SignedIn } from './factors.ts'
import { fromBase32, totp } from './totp.ts'

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|\+00:00)$/
const NONE = { required: false, totp: null, passkeys: 0, recovery_codes: 0 }

/** Ten recovery codes: 50 bits each in Crockford's base32. */
function tenCodes(t: Test, codes: unknown): void {
  t.ok(Array.isArray(codes) && codes.length === 10 && new Set(codes).size === 10, 'ten, all different')
  for (const code of codes as string[]) t.match(code, /^[0-9a-hjkmnp-tv-z]{5}-[0-9a-hjkmnp-tv-z]{5}$/)
}

function done(t: Test, { status, body, headers }: Answer): void {
  t.strictSame([status, body, headers['cache-control']], [204, '', 'no-store'])
}

test('An authenticator app is what RFC 6238 says', async (t) => {
  const secret = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'
  t.equal(fromBase32(secret).toString(), '12345678901234567890')
  for (const [seconds, code] of [
    [59, '287082'],
    [1111111109, '081804'],
    [1111111111, '050471'],
    [1234567890, '005924'],
    [2000000000, '279037'],
    [20000000000, '353130']
  ] as const) {
    t.equal(totp(secret, Math.floor(seconds / 30)), code)
  }
})

test('Second factors of an account', async (t) => {
  const factors = await createFactors(t)
  const { account, enrolled, enrol, login, challenge, secondStep, signInTwice, get, post, patch, remove, refresh } =
    factors
  const mfa = async (access_token: string) => (await get('/mfa', access_token)).json
  const pending = async (access_token: string) => (await post('/mfa/totp', access_token)).json

  await t.test('a new account has none', async (t) => {
    const { access_token } = await account()
    const { status, json, headers } = await get('/mfa', access_token)
    t.strictSame([status, json, headers['cache-control']], [200, NONE, 'no-store'])
  })

  await t.test('POST /mfa/totp answers with a secret, which changes nothing yet', async (t) => {
    const { username, access_token } = await account()
    const answer = await post('/mfa/totp', access_token)
    t.equal(answer.status, 200)
    t.equal(answer.headers['cache-control'], 'no-store')
    const { secret, uri, ...rest } = answer.json
    t.strictSame(rest, { expires_in: 600 })
    t.match(secret, /^[A-Z2-7]{32}$/, '20 bytes')
    t.match(uri, /^otpauth:\/\/totp\//)
    const url = new URL(uri)
    const [service, name, ...more] = url.pathname.replace(/^\/+(?:totp\/)?/, '').split(':')
    t.strictSame([decodeURIComponent(String(name)), more], [username, []])
    t.equal(url.searchParams.get('secret'), secret)
    t.equal(url.searchParams.get('issuer'), decodeURIComponent(String(service)))
    t.ok(['SHA1', null].includes(url.searchParams.get('algorithm')))
    t.ok(['6', null].includes(url.searchParams.get('digits')))
    t.ok(['30', null].includes(url.searchParams.get('period')))
    t.strictSame(await mfa(access_token), NONE)
    t.equal((await login(username)).status, 200)
    t.not((await pending(access_token)).secret, secret)
  })

  await t.test('an account without a username is called by its address', async (t) => {
    const email = `${unique('ada')}@example.com`
    const body = { email, password: PASSWORD }
    await factors.client.request({ path: '/register', body })
    const { access_token } = (await factors.client.request({ path: '/login', body })).json
    const { uri } = await pending(access_token)
    t.match(decodeURIComponent(new URL(uri).pathname), new RegExp(`:${email.replaceAll('.', '\\.')}$`))
  })

  await t.test('POST /mfa/totp/confirm switches the second step on', async (t) => {
    const one = await account()
    const app = factors.appOf((await pending(one.access_token)).secret)
    const { status, json, headers } = await post('/mfa/totp/confirm', one.access_token, { totp: await app.next() })
    t.strictSame([status, Object.keys(json), headers['cache-control']], [200, ['codes'], 'no-store'])
    tenCodes(t, json.codes)
    const { totp: has, ...rest } = await mfa(one.access_token)
    t.strictSame(rest, { required: true, passkeys: 0, recovery_codes: 10 })
    t.strictSame(Object.keys(has), ['created_at'])
    t.match(has.created_at, TIME)
    t.ok(Math.abs(Date.parse(has.created_at) / 1000 - factors.seconds()) < 60)
    const raised = await refresh(one)
    t.strictSame(assuranceOf(raised.access_token), PWD_OTP)
    t.equal(claimsOf(raised.access_token).sid, claimsOf(one.access_token).sid)
    const asked = await challenge(one.username)
    t.equal((await secondStep(asked.mfa_token, { totp: await app.next() })).status, 200)
    const recovered = await signInTwice(one.username, { recovery_code: json.codes[9] })
    t.strictSame(await mfa(recovered.access_token), { ...rest, totp: has, recovery_codes: 9 })
  })

  await t.test('sessions that are below aal2 end with it, and only those', async (t) => {
    const one = await account()
    const other = (await login(one.username)).json as SignedIn
    const { key } = await factors.addPasskey(one.access_token)
    const strong = (await factors.usePasskey(key)).json as SignedIn
    const stranger = await account()
    await enrol(one)
    refused(t, await get('/me', other.access_token), 401, 'TOKEN_INVALID')
    const { refresh_token } = other
    const refreshed = await factors.client.request({ path: '/token/refresh', body: { refresh_token } })
    refused(t, refreshed, 401, 'REFRESH_TOKEN_INVALID')
    for (const { access_token } of [one, strong, stranger]) t.equal((await get('/me', access_token)).status, 200)
  })

  await t.test('wrong, or nothing to confirm, is MFA_CODE_INVALID', async (t) => {
    const { access_token, username } = await account()
    const confirm = (code: string) => post('/mfa/totp/confirm', access_token, { totp: code })
    refused(t, await confirm('123456'), 401, 'MFA_CODE_INVALID')
    const first = factors.appOf((await pending(access_token)).secret)
    refused(t, await confirm(first.wrong()), 401, 'MFA_CODE_INVALID')
    const second = factors.appOf((await pending(access_token)).secret)
    refused(t, await confirm(await first.next()), 401, 'MFA_CODE_INVALID')
    t.strictSame(await mfa(access_token), NONE)
    t.equal((await login(username)).status, 200)
    const code = await second.next()
    t.equal((await confirm(code)).status, 200, 'the newest one counts')
    const { access_token: raised } = await signInTwice(username, { totp: await second.next() })
    refused(t, await post('/mfa/totp/confirm', raised, { totp: second.at(1) }), 401, 'MFA_CODE_INVALID')
  })

  await t.test('of one code that confirms at once, one does', async (t) => {
    const { access_token, username } = await account()
    const app = factors.appOf((await pending(access_token)).secret)
    const code = await app.next()
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => post('/mfa/totp/confirm', access_token, { totp: code }))
    )
    const won = answers.filter(({ status }) => status === 200)
    t.equal(won.length, 1)
    // The token in hand is too low as soon as one of them was right.
    for (const { status } of answers) t.ok(status === 200 || status === 401)
    const { access_token: raised } = await signInTwice(username, { recovery_code: won[0]?.json.codes[0] })
    t.equal((await mfa(raised)).recovery_codes, 9)
  })

  await t.test('another app takes the place of the first when it is confirmed, and not before', async (t) => {
    const one = await enrolled()
    const { secret } = await pending(one.access_token)
    const other = factors.appOf(secret)
    const session = await signInTwice(one.username, { totp: await one.app.next() })
    const asked = await challenge(one.username)
    refused(t, await secondStep(asked.mfa_token, { totp: other.at(0) }), 401, 'MFA_CODE_INVALID')
    const confirmed = await post('/mfa/totp/confirm', session.access_token, { totp: await other.next() })
    t.equal(confirmed.status, 200)
    tenCodes(t, confirmed.json.codes)
    const next = await challenge(one.username)
    refused(t, await secondStep(next.mfa_token, { totp: await one.app.next() }), 401, 'MFA_CODE_INVALID')
    refused(t, await secondStep(next.mfa_token, { recovery_code: one.codes[0] }), 401, 'MFA_CODE_INVALID')
    t.equal((await secondStep(next.mfa_token, { totp: await other.next() })).status, 200)
    t.equal((await get('/me', one.access_token)).status, 200, 'the other sessions are aal2 too')
  })

  await t.test('DELETE /mfa/totp takes the last factor away, and all with it', async (t) => {
    const one = await enrolled()
    done(t, await remove('/mfa/totp', one.access_token))
    t.strictSame(await mfa(one.access_token), NONE)
    refused(t, await remove('/mfa/totp', one.access_token), 404, 'NOT_FOUND')
    const session = await login(one.username)
    t.equal(session.status, 200)
    refused(
      t,
      await post('/token/step-up', session.json.access_token, { recovery_code: one.codes[0] }),
      401,
      'MFA_CODE_INVALID'
    )
    refused(
      t,
      await post('/token/step-up', session.json.access_token, { totp: one.app.at(1) }),
      401,
      'MFA_CODE_INVALID'
    )
    const plain = await account()
    refused(t, await remove('/mfa/totp', plain.access_token), 404, 'NOT_FOUND')
    const pend = await account()
    await pending(pend.access_token)
    t.strictSame(await mfa(pend.access_token), NONE, 'a secret that was not confirmed is none')
  })

  await t.test('with a passkey it is not the last', async (t) => {
    const one = await enrolled()
    await factors.addPasskey(one.access_token)
    done(t, await remove('/mfa/totp', one.access_token))
    t.strictSame(await mfa(one.access_token), { required: true, totp: null, passkeys: 1, recovery_codes: 10 })
    const asked = await challenge(one.username)
    t.strictSame(asked.factors, ['recovery_code', 'passkey'])
    refused(t, await secondStep(asked.mfa_token, { totp: one.app.at(1) }), 401, 'MFA_CODE_INVALID')
    t.equal((await secondStep(asked.mfa_token, { recovery_code: one.codes[0] })).status, 200)
  })

  await t.test('the last passkey takes the rest with it as well', async (t) => {
    const one = await account()
    const { key, passkey } = await factors.addPasskey(one.access_token)
    await patch('/mfa', one.access_token, { required: true })
    const { access_token } = (await factors.usePasskey(key)).json as SignedIn
    done(t, await remove(`/passkeys/${passkey.id}`, access_token))
    t.strictSame(await mfa(access_token), NONE)
    t.equal((await login(one.username)).status, 200)
  })

  await t.test('POST /mfa/recovery-codes gives ten others', async (t) => {
    const one = await enrolled()
    const { status, json, headers } = await post('/mfa/recovery-codes', one.access_token)
    t.strictSame([status, Object.keys(json), headers['cache-control']], [200, ['codes'], 'no-store'])
    tenCodes(t, json.codes)
    const asked = await challenge(one.username)
    refused(t, await secondStep(asked.mfa_token, { recovery_code: one.codes[0] }), 401, 'MFA_CODE_INVALID')
    t.equal((await secondStep(asked.mfa_token, { recovery_code: json.codes[0] })).status, 200)
    t.equal((await mfa(one.access_token)).recovery_codes, 9)
  })

  await t.test('used up, they are not offered', async (t) => {
    const one = await enrolled()
    for (const recovery_code of one.codes) {
      t.ok((await signInTwice(one.username, { recovery_code })).access_token)
    }
    const asked = await challenge(one.username)
    t.strictSame(asked.factors, ['totp'])
    t.equal((await secondStep(asked.mfa_token, { totp: await one.app.next() })).status, 200)
  })

  await t.test('PATCH /mfa needs a factor to switch it on', async (t) => {
    const one = await account()
    refused(t, await patch('/mfa', one.access_token, { required: true }), 403, 'FORBIDDEN')
    await pending(one.access_token)
    refused(t, await patch('/mfa', one.access_token, { required: true }), 403, 'FORBIDDEN')
    const off = await patch('/mfa', one.access_token, { required: false })
    t.strictSame([off.status, off.json], [200, NONE])
  })

  await t.test('PATCH /mfa switches it off and on again', async (t) => {
    const one = await enrolled()
    const { totp: has } = await mfa(one.access_token)
    const off = await patch('/mfa', one.access_token, { required: false })
    t.strictSame([off.status, off.json], [200, { required: false, totp: has, passkeys: 0, recovery_codes: 10 }])
    const weak = (await login(one.username)).json as SignedIn
    t.ok(weak.access_token)
    const on = await patch('/mfa', one.access_token, { required: true })
    t.strictSame([on.status, on.json], [200, { required: true, totp: has, passkeys: 0, recovery_codes: 10 }])
    refused(t, await get('/me', weak.access_token), 401, 'TOKEN_INVALID')
    t.equal((await login(one.username)).json.code, 'MFA_REQUIRED')
    const again = await patch('/mfa', one.access_token, { required: true })
    t.strictSame([again.status, again.json], [200, on.json])
  })

  await t.test('PATCH /mfa with passkeys alone makes recovery codes', async (t) => {
    const one = await account()
    const weak = (await login(one.username)).json as SignedIn
    const { key } = await factors.addPasskey(one.access_token)
    t.strictSame(await mfa(one.access_token), { ...NONE, passkeys: 1 }, 'a passkey alone never switches it on')
    t.equal((await login(one.username)).status, 200)
    t.equal((await get('/me', weak.access_token)).status, 200)
    const on = await patch('/mfa', one.access_token, { required: true })
    const { codes, ...rest } = on.json
    t.equal(on.status, 200)
    t.strictSame(rest, { required: true, totp: null, passkeys: 1, recovery_codes: 10 })
    tenCodes(t, codes)
    refused(t, await get('/me', weak.access_token), 401, 'TOKEN_INVALID')
    t.equal((await get('/me', one.access_token)).status, 200, 'this session lives on')
    const asked = await challenge(one.username)
    t.strictSame(asked.factors, ['recovery_code', 'passkey'])
    t.equal((await secondStep(asked.mfa_token, { credential: key.get(asked.public_key) })).status, 200)
    t.ok((await signInTwice(one.username, { recovery_code: codes[0] })).access_token)
  })

  await t.test('what does not fit is refused', async (t) => {
    const { access_token } = await account()
    const rows: [string, (token?: string) => Promise<Answer>, string[]][] = [
      ['PATCH /mfa {}', (it) => patch('/mfa', it, {}), ['/required']],
      ['PATCH /mfa with a text', (it) => patch('/mfa', it, { required: 'true' }), ['/required']],
      ['PATCH /mfa with null', (it) => patch('/mfa', it, { required: null }), ['/required']],
      ['PATCH /mfa with more', (it) => patch('/mfa', it, { required: true, totp: null }), ['/totp']],
      ['POST /mfa/totp/confirm {}', (it) => post('/mfa/totp/confirm', it, {}), ['/totp']],
      ['POST /mfa/totp/confirm of a number', (it) => post('/mfa/totp/confirm', it, { totp: 123456 }), ['/totp']],
      ['POST /mfa/totp/confirm of five digits', (it) => post('/mfa/totp/confirm', it, { totp: '12345' }), ['/totp']],
      [
        'POST /mfa/totp/confirm of wide digits',
        (it) => post('/mfa/totp/confirm', it, { totp: '１２３４５６' }),
        ['/totp']
      ],
      ['GET /mfa?x=1', (it) => get('/mfa?x=1', it), ['/x']]
    ]
    for (const [what, ask, paths] of rows) {
      await t.test(what, async (t) => {
        refused(t, await ask(access_token), 400, 'VALIDATION_FAILED', { errors: paths.map((path) => ({ path })) })
        refused(t, await ask(), 401, 'TOKEN_MISSING')
        refused(t, await ask('x'), 401, 'TOKEN_INVALID')
      })
    }
  })

  await t.test('all of it asks for a living session', async (t) => {
    const one = await account()
    await factors.client.request({ path: '/logout', body: { refresh_token: one.refresh_token } })
    for (const ask of [
      () => get('/mfa', one.access_token),
      () => patch('/mfa', one.access_token, { required: false }),
      () => post('/mfa/totp', one.access_token),
      () => post('/mfa/totp/confirm', one.access_token, { totp: '123456' }),
      () => remove('/mfa/totp', one.access_token),
      () => post('/mfa/recovery-codes', one.access_token)
    ]) {
      refused(t, await ask(), 401, 'TOKEN_INVALID')
    }
  })

  await t.test('the export says what there is, and nothing that signs in', async (t) => {
    const one = await enrolled()
    const { key, passkey } = await factors.addPasskey(one.access_token, {}, 'Laptop')
    await signInTwice(one.username, { recovery_code: one.codes[0] })
    const { mfa_token } = await challenge(one.username)
    const { status, json, body } = await get('/me/export', one.access_token)
    t.equal(status, 200)
    t.match(json.mfa, { required: true })
    t.equal(json.recovery_codes.length, 10)
    t.strictSame(
      json.passkeys.map((each: { id: string; name: string }) => [each.id, each.name]),
      [[passkey.id, 'Laptop']]
    )
    t.match(json.passkeys[0], { transports: ['internal'], rp_id: String, credential_id: key.id })
    t.equal(json.login_steps.length, 2)
    for (const session of json.sessions) t.ok(Array.isArray(session.amr) && TIME.test(session.authenticated_at))
    for (const secret of [one.app.secret, mfa_token, ...one.codes, String(one.codes[1]).replace('-', '')]) {
      t.notOk(body.includes(secret))
    }
    t.notMatch(body, /"(?:hash|secret|pending|public_key|sign_count|code)"/)
  })

  await t.test('an account that is deleted takes its factors along', async (t) => {
    const one = await enrolled()
    const { key } = await factors.addPasskey(one.access_token)
    t.equal((await remove('/me', one.access_token, { current_password: PASSWORD })).status, 204)
    refused(t, await login(one.username), 401, 'INVALID_CREDENTIALS')
    refused(t, await factors.usePasskey(key), 401, 'PASSKEY_UNKNOWN')
    const again = await account({ username: one.username })
    t.strictSame(await mfa(again.access_token), NONE)
  })
})

if (CONTRACT_URL === undefined) {
  test('Second factors, while time passes', async (t) => {
    const factors = await createFactors(t, { SERVICE_NAME: 'Größe: 100 %' })
    const { account, post, get, pass } = factors

    await t.test('a secret is to be confirmed within 600 s', async (t) => {
      for (const [seconds, status] of [
        [590, 200],
        [601, 401]
      ] as const) {
        const one = await account()
        const app = factors.appOf((await post('/mfa/totp', one.access_token)).json.secret)
        await pass(seconds)
        const fresh = (await post('/token/step-up', one.access_token, { password: PASSWORD })).json.access_token
        const answer = await post('/mfa/totp/confirm', fresh, { totp: await app.next() })
        t.equal(answer.status, status)
        if (status === 401) refused(t, answer, 401, 'MFA_CODE_INVALID')
      }
    })

    await t.test('the name of the service is escaped in the URI', async (t) => {
      const one = await account()
      const { uri } = (await post('/mfa/totp', one.access_token)).json
      t.notMatch(uri, /[ ö]|%(?![0-9A-F]{2})/)
      const [, label = '', query = ''] = /^otpauth:\/\/totp\/([^?]+)\?(.+)$/.exec(uri) ?? []
      t.equal(label.split(':').length, 2, 'one colon')
      t.notMatch(query, /\+/, 'some apps show a plus')
      t.equal(new URLSearchParams(query).get('issuer')?.startsWith('Größe'), true)
    })

    await t.test('created_at is when the app was confirmed', async (t) => {
      const one = await account()
      const app = factors.appOf((await post('/mfa/totp', one.access_token)).json.secret)
      await pass(120)
      await post('/mfa/totp/confirm', one.access_token, { totp: await app.next() })
      const { totp: has } = (await get('/mfa', one.access_token)).json
      t.ok(Math.abs(Date.parse(has.created_at) / 1000 - factors.seconds()) < 30)
    })
  })
}
