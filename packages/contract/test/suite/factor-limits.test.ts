import { test } from 'tap'
import { type Answer, CONTRACT_URL, PASSWORD, unique } from './client.ts'
import { refused } from './expectations.ts'
import { createFactors, tally } from './factors.ts'

let hosts = 0
/** A client network of its own. */
const elsewhere = () => {
  hosts += 1
  return { 'x-forwarded-for': `198.51.${Math.floor(hosts / 250)}.${(hosts % 250) + 1}` }
}

// A service elsewhere is started with LIMITS=off.
if (CONTRACT_URL === undefined) {
  test('Limits of second factors', async (t) => {
    const factors = await createFactors(t, { LIMITS: 'on', TRUSTED_PROXIES: '127.0.0.1/32' })
    const { client, pass } = factors

    const register = async () => {
      const username = unique()
      const body = { username, password: PASSWORD }
      const user = (await client.request({ path: '/register', headers: elsewhere(), body })).json
      const session = (await client.request({ path: '/login', headers: elsewhere(), body })).json
      return { username, user, ...session }
    }
    const enrolled = async () => factors.enrol(await register())
    const challenge = async (username: string) => (await factors.login(username, {}, elsewhere())).json.challenge
    const tryCode = (
      mfa_token: string,
      proof: Record<string, unknown>,
      headers: Record<string, string> = elsewhere()
    ) => factors.secondStep(mfa_token, proof, headers)
    const stepUp = (token: string, proof: object, headers = elsewhere()) =>
      client.request({ path: '/token/step-up', headers: { ...headers, authorization: `Bearer ${token}` }, body: proof })

    /** Sends so many wrong codes, of steps and addresses of their own. */
    async function fail(one: Awaited<ReturnType<typeof enrolled>>, count: number): Promise<Answer[]> {
      const answers: Answer[] = []
      let mfa_token = ''
      for (let sent = 0; sent < count; sent++) {
        if (sent % 4 === 0) mfa_token = (await challenge(one.username)).mfa_token
        answers.push(await tryCode(mfa_token, sent % 2 ? { recovery_code: 'x' } : { totp: one.app.wrong() }))
      }
      return answers
    }

    await t.test('of an account ten wrong codes are tried, whatever the step, address and factor', async (t) => {
      const one = await enrolled()
      t.strictSame(tally(await fail(one, 10)), { '401 MFA_CODE_INVALID': 10 })
      const { mfa_token } = await challenge(one.username)
      t.ok(mfa_token, 'the password counts apart')
      const answer = await tryCode(mfa_token, { totp: await one.app.next() })
      refused(t, answer, 429, 'TOO_MANY_REQUESTS')
      const wait = Number(answer.headers['retry-after'])
      t.ok(wait > 0 && wait <= 30, String(wait))
      refused(t, await tryCode(mfa_token, { recovery_code: one.codes[0] }), 429, 'TOO_MANY_REQUESTS')
      refused(t, await stepUp(one.access_token, { totp: one.app.at(1) }), 429, 'TOO_MANY_REQUESTS')
      await pass(wait + 1)
      t.equal((await tryCode((await challenge(one.username)).mfa_token, { recovery_code: one.codes[0] })).status, 200)
    })

    await t.test('the wait doubles, and a success forgets it', async (t) => {
      const one = await enrolled()
      await fail(one, 10)
      const waits: number[] = []
      for (let round = 0; round < 4; round++) {
        const { mfa_token } = await challenge(one.username)
        const answer = await tryCode(mfa_token, { totp: one.app.wrong() })
        refused(t, answer, 429, 'TOO_MANY_REQUESTS')
        waits.push(Number(answer.headers['retry-after']))
        await pass(Number(answer.headers['retry-after']) + 1)
        refused(
          t,
          await tryCode((await challenge(one.username)).mfa_token, { totp: one.app.wrong() }),
          401,
          'MFA_CODE_INVALID'
        )
      }
      t.strictSame(
        waits.map((wait) => Math.round(wait / 10) * 10),
        [30, 60, 120, 240]
      )
      await pass(480 + 1)
      t.equal((await tryCode((await challenge(one.username)).mfa_token, { recovery_code: one.codes[0] })).status, 200)
      t.strictSame(tally(await fail(one, 10)), { '401 MFA_CODE_INVALID': 10 })
    })

    await t.test('wrong codes at once get no more tries', async (t) => {
      const one = await enrolled()
      const steps: string[] = []
      for (let step = 0; step < 8; step++) steps.push((await challenge(one.username)).mfa_token)
      const totp = one.app.wrong()
      const tries = steps.flatMap((step) => Array.from({ length: 4 }, () => tryCode(step, { totp })))
      const { '401 MFA_CODE_INVALID': tried, ...rest } = tally(await Promise.all(tries))
      t.equal(tried, 10)
      t.strictSame(rest, { '429 TOO_MANY_REQUESTS': 22 })
    })

    await t.test('step-up counts like sign-in', async (t) => {
      const one = await enrolled()
      for (let tried = 0; tried < 10; tried++) {
        refused(t, await stepUp(one.access_token, { totp: one.app.wrong() }), 401, 'MFA_CODE_INVALID')
      }
      refused(t, await stepUp(one.access_token, { totp: await one.app.next() }), 429, 'TOO_MANY_REQUESTS')
      const { mfa_token } = await challenge(one.username)
      refused(t, await tryCode(mfa_token, { recovery_code: one.codes[0] }), 429, 'TOO_MANY_REQUESTS')
    })

    await t.test('a wrong password at step-up counts like one at sign-in', async (t) => {
      const one = await register()
      for (let tried = 0; tried < 10; tried++) {
        refused(t, await stepUp(one.access_token, { password: 'wrong' }), 401, 'INVALID_CREDENTIALS')
      }
      refused(t, await stepUp(one.access_token, { password: PASSWORD }), 429, 'TOO_MANY_REQUESTS')
      refused(t, await factors.login(one.username, {}, elsewhere()), 429, 'TOO_MANY_REQUESTS')
    })

    await t.test('a right password forgets wrong ones, and gives no new codes', async (t) => {
      const one = await enrolled()
      const wrong = async (count: number) => {
        for (let sent = 0; sent < count; sent++) {
          const answer = await factors.login(one.username, { password: 'wrong' }, elsewhere())
          refused(t, answer, 401, 'INVALID_CREDENTIALS')
        }
      }
      await wrong(9)
      t.ok((await challenge(one.username)).mfa_token)
      await wrong(9)
      t.ok((await challenge(one.username)).mfa_token)
      await fail(one, 10)
      for (let sent = 0; sent < 3; sent++) {
        const { mfa_token } = await challenge(one.username)
        refused(t, await tryCode(mfa_token, { totp: one.app.wrong() }), 429, 'TOO_MANY_REQUESTS')
      }
    })

    await t.test('a known device has its own ten', async (t) => {
      const one = await enrolled()
      const first = await tryCode((await challenge(one.username)).mfa_token, { recovery_code: one.codes[0] })
      const cookie = String(first.headers['set-cookie']).split(';')[0] as string
      t.match(cookie, /^latchkey_device=/)
      await fail(one, 10)
      refused(
        t,
        await tryCode((await challenge(one.username)).mfa_token, { totp: await one.app.next() }),
        429,
        'TOO_MANY_REQUESTS'
      )
      const known = await tryCode(
        (await challenge(one.username)).mfa_token,
        { totp: await one.app.next() },
        { ...elsewhere(), cookie }
      )
      t.equal(known.status, 200, 'a stranger cannot lock the owner out')
    })

    await t.test('a passkey sets the device cookie too', async (t) => {
      const one = await register()
      const { key } = await factors.addPasskey(one.access_token)
      const answer = await factors.usePasskey(key)
      t.equal(answer.status, 200)
      t.match(String(answer.headers['set-cookie']), /^latchkey_device=/)
    })

    await t.test('a right password alone sets no device cookie where a second step is required', async (t) => {
      const { username } = await enrolled()
      t.equal((await factors.login(username, {}, elsewhere())).headers['set-cookie'], undefined)
    })

    await t.test('what fails the password gets no code to try', async (t) => {
      const one = await enrolled()
      const before = (await factors.get('/me/export', one.access_token)).json.login_steps.length
      await factors.login(one.username, { password: 'wrong' }, elsewhere())
      t.equal((await factors.get('/me/export', one.access_token)).json.login_steps.length, before)
    })

    await t.test('an address tries /login/mfa and /token/step-up 60 times in 5 minutes', async (t) => {
      const headers = elsewhere()
      const one = await register()
      const mfa_token = 'x'.repeat(43)
      for (let sent = 0; sent < 60; sent++) {
        const answer =
          sent < 6
            ? await stepUp(one.access_token, { totp: '123456' }, headers)
            : await tryCode(mfa_token, { totp: '123456' }, headers)
        t.equal(answer.status, 401, `${sent}`)
      }
      refused(t, await tryCode(mfa_token, { totp: '123456' }, headers), 429, 'TOO_MANY_REQUESTS')
      refused(t, await tryCode(mfa_token, { totp: '123456' }), 401, 'MFA_TOKEN_INVALID')
      await pass(301)
      refused(t, await tryCode(mfa_token, { totp: '123456' }, headers), 401, 'MFA_TOKEN_INVALID')
    })

    await t.test('an address asks for options and signs in with passkeys 120 times in 5 minutes', async (t) => {
      const headers = elsewhere()
      const key = factors.authenticator()
      key.create({ challenge: 'x', rp: { id: 'x' }, user: { id: 'AAAAAAAAAAAAAAAAAAAAAA' } })
      const credential = key.get(await factors.requestOptions())
      const ask = (sent: number) =>
        client.request(
          sent % 2
            ? { path: '/login/passkey/options', headers, body: {} }
            : { path: '/login/passkey', headers, body: { credential } }
        )
      for (let sent = 0; sent < 120; sent++) t.not((await ask(sent)).status, 429, `${sent}`)
      for (const sent of [0, 1]) refused(t, await ask(sent), 429, 'TOO_MANY_REQUESTS')
      const options = { path: '/login/passkey/options', headers: elsewhere(), body: {} }
      t.equal((await client.request(options)).status, 200)
    })
  })
} else {
  test('Limits of second factors', async (t) => t.pass('limits', { skip: 'they count requests' }))
}
