import { test } from 'tap'
import { bearer, build, cutOff, post, signIn } from '../../../helpers/app.ts'
import { createAuthenticator } from '../../../helpers/authenticator.ts'
import { recorded } from '../../../helpers/enrolled.ts'
import { createBrowser, passkeyOptionsOf, readPage, unescapeHtml } from '../../../helpers/page.ts'
import { addPasskeyTo, ORIGIN } from '../../../helpers/passkeys.ts'

const url = '/pages/login/passkey'

test('signing in with a passkey at the pages', async (t) => {
  const fastify = await build(t, { environment: { CORS_ORIGINS: 'http://localhost:5173' } })
  const { access_token } = await signIn(fastify, { username: 'ada' })
  const { authenticator } = await addPasskeyTo(fastify, access_token)

  /** A browser, and the answer of an authenticator to the challenge of the sign-in page. */
  async function begin(changes: Parameters<typeof authenticator.get>[1] = {}, device = authenticator) {
    const browser = createBrowser(fastify, ORIGIN)
    const page = await browser.get('/pages/login')
    return { ...browser, credential: JSON.stringify(device.get(passkeyOptionsOf(page), changes)) }
  }

  /** An authenticator with a passkey that was never registered. */
  async function strange() {
    const device = createAuthenticator(ORIGIN)
    device.create((await post(fastify, '/passkeys/options', {}, bearer(access_token))).json().public_key)
    return device
  }

  await t.test('opens a session, and leads on', async (t) => {
    await recorded(fastify)
    const { submit, credential, cookies } = await begin()
    const done = await submit(url, { credential })
    t.strictSame([done.statusCode, done.headers.location], [303, '../../pages/account'])
    t.ok(cookies.has('latchkey_session') && cookies.has('refresh_token'))
    t.match(await recorded(fastify), [{ action: 'login', detail: { method: 'passkey' } }])
    const other = await begin()
    const return_to = 'http://localhost:5173/'
    const handed = await other.submit(url, { credential: other.credential, return_to })
    t.match(handed.body, `<meta http-equiv="refresh" content="0; url=${return_to}">`)
  })

  await t.test('takes an answer once, and gives a page with a new challenge', async (t) => {
    const { submit, credential } = await begin()
    t.equal((await submit(url, { credential })).statusCode, 303)
    const again = await submit(url, { credential })
    t.match(readPage(again), {
      statusCode: 401,
      text: /^Sign in This passkey was not accepted\. Try again, or go on another way\. Email/,
      inputs: ['name', 'password']
    })
    t.not(passkeyOptionsOf(again).challenge, JSON.parse(credential).challenge)
    t.notMatch(again.body, 'data-signal', 'the browser keeps the passkey')
  })

  await t.test('tells the browser of a passkey that no account has, and of no other', async (t) => {
    const { submit, credential } = await begin({}, await strange())
    const refused = await submit(url, { credential })
    t.match(readPage(refused), { statusCode: 401, text: /^Sign in No account has this passkey\./ })
    const [, data = ''] = /data-signal="signalUnknownCredential" data-signal-with="([^"]*)"/.exec(refused.body) ?? []
    t.strictSame(JSON.parse(unescapeHtml(data)), { rpId: 'localhost', credentialId: JSON.parse(credential).id })
    const bad = await begin({ signature: (bytes) => Buffer.alloc(bytes.length) })
    const invalid = await bad.submit(url, { credential: bad.credential })
    t.equal(invalid.statusCode, 401)
    t.notMatch(invalid.body, 'data-signal')
  })

  await t.test('refuses what is no answer', async (t) => {
    const { submit } = await begin()
    const rows = [
      '',
      '{',
      'null',
      '5',
      '[]',
      '"x"',
      '{}',
      '{"id":"x","rawId":"x","type":"public-key","response":{}}',
      '{"__proto__":{"id":"x"}}'
    ]
    for (const credential of rows) {
      const response = await submit(url, { credential })
      t.match(readPage(response), { statusCode: 400, text: /^Sign in The form could not be read\./ }, credential)
    }
    t.match(readPage(await submit(url, {})), { statusCode: 400 })
    t.match(readPage(await submit(url, { credential: '{}', name: 'ada' })), { statusCode: 400 })
  })

  await t.test('says when the database is unavailable', async (t) => {
    const { submit, credential } = await begin()
    const restore = cutOff(fastify)
    const refused = await submit(url, { credential })
    restore()
    t.match(readPage(refused), { statusCode: 503, text: /^Sign in The service is busy/ })
    t.equal((await submit(url, { credential })).statusCode, 303, 'the challenge was not used up')
  })

  await t.test('leads to the sign-in who opens the page', async (t) => {
    const shown = await fastify.inject(url)
    t.strictSame([shown.statusCode, shown.headers.location], [303, '../../pages/login'])
    const query = new URLSearchParams({ return_to: 'http://localhost:5173/' })
    t.equal((await fastify.inject(`${url}?${query}`)).headers.location, `../../pages/login?${query}`)
  })
})

test('without passkeys there is no such page', async (t) => {
  const fastify = await build(t, { environment: { PUBLIC_URL: 'http://auth.example.com' } })
  t.equal((await fastify.inject(url)).statusCode, 404)
})
