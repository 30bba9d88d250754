import { test } from 'tap'
import { sql } from '../../../../src/database/sql.ts'
import { bearer, PASSWORD, signIn, testClock } from '../../../helpers/app.ts'
import { buildFederated, createTraveller } from '../../../helpers/federated.ts'
import { createIssuer } from '../../../helpers/issuer.ts'
import { createBrowser, readPage, textOf } from '../../../helpers/page.ts'
import { recorded } from '../../../helpers/second-factor.ts'

const url = '/pages/account/identities'

test('other providers of an account', async (t) => {
  const clock = testClock()
  const issuer = await createIssuer(t)
  issuer.lies.claims = (claims) => ({ ...claims, iat: clock.now() / 1000, exp: clock.now() / 1000 + 60 })
  const fastify = await buildFederated(
    t,
    [
      issuer.entry({ label: 'Test', trust_email: true }),
      issuer.entry({ id: 'away', label: 'Away', issuer: 'http://127.0.0.1:1' })
    ],
    { clock }
  )
  const count = async (user: string) =>
    (await fastify.database.open().query(sql`SELECT FROM identities WHERE user_id = ${user}`)).length

  async function signedIn(username: string) {
    const { user, access_token } = await signIn(fastify, { username })
    const traveller = createTraveller(fastify, issuer)
    await traveller.browser.submit('/pages/login', { name: username, password: PASSWORD })
    return { ...traveller, user, access_token }
  }

  /** Begins to link, and returns the address at the provider. */
  const begin = ({ beginBy }: Awaited<ReturnType<typeof signedIn>>) => beginBy(url, {})

  await t.test('are added, shown and removed', async (t) => {
    const ada = await signedIn('ada')
    t.match(
      textOf((await ada.browser.get('/pages/account')).body),
      'Other providers You sign in with no other provider yet. Add Test Add Away'
    )
    const back = await ada.back(issuer.authorize(await begin(ada), { sub: 'ada-1', email: 'ada@example.com' }))
    t.match(back, { statusCode: 303, headers: { location: '../../pages/account?done=identity-linked' } })
    const page = await ada.browser.get('/pages/account?done=identity-linked')
    t.match(textOf(page.body), /You can sign in with it now\..* Test ada@example\.com, Added .* Remove Add Test/)
    await ada.back(issuer.authorize(await begin(ada), { sub: 'ada-1' }))
    t.equal(await count(ada.user.id), 1, 'once')
    await ada.back(issuer.authorize(await begin(ada), { sub: 'ada-2' }))
    await createTraveller(fastify, issuer).signIn({ sub: 'ada-2' })
    t.match(textOf((await ada.browser.get('/pages/account')).body), /Test Added .*, last used now Remove/)

    const api = () => fastify.inject({ url: '/me/identities', headers: bearer(ada.access_token) })
    const { identities } = (await api()).json()
    t.match(identities, [
      { id: String, provider: 'test', email: 'ada@example.com', linked_at: String, last_used_at: null },
      { id: String, provider: 'test', email: null, last_used_at: String }
    ])
    for (const _ of [1, 2]) {
      const removed = await ada.browser.submit(url, { identity: identities[0].id })
      t.match(removed, { statusCode: 303, headers: { location: '../../pages/account?done=identity-removed' } })
    }
    t.equal(await count(ada.user.id), 1)
    t.strictSame(
      (await recorded(fastify, ada.user.id, 'identity linked', 'identity unlinked')).map(({ action }) => action),
      ['identity linked', 'identity linked', 'identity unlinked']
    )
  })

  await t.test('are not added to the account of another session, nor taken from another account', async (t) => {
    const bob = await signedIn('bob')
    const eve = await signedIn('eve')
    const taken = await bob.back(issuer.authorize(await begin(bob), { sub: 'ada-2' }))
    t.match(readPage(taken), {
      statusCode: 409,
      text: /This account at Test is already linked to another account here\./
    })

    // The session that began has ended; another one of the same browser, or of the same account, is another one.
    const address = await begin(bob)
    await bob.browser.submit('/pages/login', { name: 'bob', password: PASSWORD })
    t.match(readPage(await bob.back(issuer.authorize(address, { sub: 'bob-1' }))), { statusCode: 400 })
    const other = await begin(bob)
    for (const name of ['latchkey_session', 'refresh_token'])
      bob.browser.cookies.set(name, String(eve.browser.cookies.get(name)))
    t.match(readPage(await bob.back(issuer.authorize(other, { sub: 'bob-1' }))), { statusCode: 400 })
    const signedOut = await begin(eve)
    await eve.browser.submit('/pages/logout', {})
    t.match(readPage(await eve.back(issuer.authorize(signedOut, { sub: 'eve-1' }))), { statusCode: 400 })
    t.strictSame([await count(bob.user.id), await count(eve.user.id)], [0, 0])
    const details = async (id: string | null) =>
      (await recorded(fastify, id, 'federated login failed')).map(({ detail }) => detail)
    t.strictSame(await details(bob.user.id), [{ reason: 'identity taken', provider: 'test' }])
    const ended = { reason: 'session ended', provider: 'test' }
    t.strictSame(await details(null), [ended, ended, ended])
  })

  await t.test('need a session, a fresh one, and our own form', async (t) => {
    const cora = await signedIn('cora')
    t.match(readPage(await cora.browser.submit(url, { provider: 'test' }, { origin: 'https://evil.example.com' })), {
      statusCode: 403
    })
    t.match(readPage(await cora.browser.submit(url, {})), { statusCode: 400 })
    t.match(readPage(await cora.browser.submit(url, { provider: 'none' })), { statusCode: 404 })
    t.match(readPage(await cora.browser.submit(url, { provider: 'away' })), {
      statusCode: 503,
      text: /Away does not answer/
    })
    t.equal((await cora.browser.get(url)).headers.location, '../../pages/account')
    const denied = new URL(await begin(cora)).searchParams.get('state')
    const back = await cora.back(new URLSearchParams({ error: 'access_denied', state: String(denied) }))
    t.equal(back.headers.location, '../../pages/account')
    clock.advance(601)
    t.match((await cora.browser.submit(url, { provider: 'test' })).headers.location, 'pages/step-up')
    t.match((await createBrowser(fastify).submit(url, { provider: 'test' })).headers.location, 'pages/login')
  })

  await t.test('the last way to sign in stays, also when the last two go at once', async (t) => {
    const dora = createTraveller(fastify, issuer)
    await dora.signIn({ sub: 'dora-1' })
    await dora.browser.submit('/pages/register/provider', { username: 'dora' })
    await dora.back(issuer.authorize(await dora.beginBy(url, {}), { sub: 'dora-2' }))
    const ids = await fastify.database
      .open()
      .query<{ id: string }>(
        sql`SELECT identities.id FROM identities JOIN users ON users.id = user_id WHERE username = 'dora'`
      )
    t.equal(ids.length, 2)
    const responses = await Promise.all(ids.map(({ id }) => dora.browser.submit(url, { identity: id })))
    t.strictSame(responses.map(({ statusCode }) => statusCode).sort(), [303, 409])
    t.match(responses.find(({ statusCode }) => statusCode === 409)?.body, 'Without it you could not sign in any more.')
  })

  await t.test('confirm who it is in an account that has nothing else', async (t) => {
    const finn = createTraveller(fastify, issuer)
    await finn.signIn({ sub: 'finn-1' })
    await finn.browser.submit('/pages/register/provider', { username: 'finn' })
    const stepUp = '/pages/step-up?return_to=%2Fpages%2Faccount%2Fpassword'
    clock.advance(601)
    t.equal((await finn.browser.get('/pages/account/password')).headers.location, `../..${stepUp}`)
    const page = await finn.browser.get(stepUp)
    t.match(readPage(page), {
      statusCode: 200,
      inputs: [],
      text: /who you are\. Sign in with Test Back to your account$/
    })
    const address = await finn.beginBy('/pages/step-up', { return_to: '/pages/account/password' })
    const back = await finn.back(issuer.authorize(address, { sub: 'finn-1' }))
    t.match(back, { statusCode: 303, headers: { location: '../../pages/account/password' } })
    t.match(readPage(await finn.browser.get('/pages/account/password')), { inputs: ['new_password'] })
  })

  await t.test('are buttons of the sign-in and of the registration', async (t) => {
    const login = await fastify.inject('/pages/login?return_to=/pages/account')
    t.match(login.body, 'href="../federation/test?return_to=%2Fpages%2Faccount">Sign in with Test</a>')
    t.match((await fastify.inject('/pages/register')).body, 'href="../federation/test">Sign in with Test</a>')
    t.strictSame((await fastify.inject('/providers')).json(), {
      providers: [
        { id: 'test', label: 'Test', kind: 'oidc' },
        { id: 'away', label: 'Away', kind: 'oidc' }
      ]
    })
  })
})
