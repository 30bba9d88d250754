import type { LightMyRequestResponse } from 'fastify'
import { test } from 'tap'
import { sql } from '../../../src/database/sql.ts'
import { PASSWORD, signIn, testClock } from '../../helpers/app.ts'
import { buildFederated, createTraveller } from '../../helpers/federated.ts'
import { createIssuer } from '../../helpers/issuer.ts'
import { readPage } from '../../helpers/page.ts'
import { recorded } from '../../helpers/second-factor.ts'

const STEP_UP = '/pages/step-up'
const TARGET = { return_to: '/pages/account/password' }
const BACK = '../../pages/step-up?return_to=%2Fpages%2Faccount%2Fpassword'

test('a step-up at a provider', async (t) => {
  const clock = testClock()
  const issuer = await createIssuer(t)
  const seconds = () => clock.now() / 1000
  issuer.lies.claims = (claims) => ({ ...claims, iat: seconds(), exp: seconds() + 60 })
  const entries = [issuer.entry({ label: 'Test' }), issuer.entry({ id: 'away', issuer: 'http://127.0.0.1:1' })]
  const fastify = await buildFederated(t, entries, { clock })

  /** Makes an account that has nothing but a provider, whose session is no longer fresh. */
  async function stale(username: string) {
    const traveller = createTraveller(fastify, issuer)
    await traveller.signIn({ sub: `${username}-1` })
    await traveller.browser.submit('/pages/register/provider', { username })
    clock.advance(601)
    const [account] = await fastify.database
      .open()
      .query<{ id: string; sid: string }>(
        sql`SELECT users.id, sessions.id AS sid FROM users JOIN sessions ON user_id = users.id WHERE username = ${username}`
      )
    /** Steps up. */
    async function stepUp(visitor: object = { sub: `${username}-1` }): Promise<LightMyRequestResponse> {
      return traveller.back(issuer.authorize(await traveller.beginBy(STEP_UP, TARGET), visitor))
    }
    const isFresh = async () => (await traveller.browser.get('/pages/account/password')).statusCode === 200
    return { ...traveller, ...(account as { id: string; sid: string }), stepUp, isFresh }
  }

  const failures = async (id: string | null) =>
    (await recorded(fastify, id, 'step-up failed')).map(({ detail }) => (detail as { reason: string }).reason)

  await t.test('asks the provider to ask again, and makes the same session fresh', async (t) => {
    const ada = await stale('ada')
    t.notOk(await ada.isFresh())
    const { searchParams } = new URL(await ada.beginBy(STEP_UP, TARGET))
    t.match(Object.fromEntries(searchParams), { prompt: 'login', max_age: '0' })
    t.match(await ada.stepUp(), { statusCode: 303, headers: { location: '../../pages/account/password' } })
    t.ok(await ada.isFresh())
    t.match(await recorded(fastify, ada.id, 'stepped up', 'federated login'), [
      { action: 'federated login', session: true },
      { action: 'stepped up', session: true, detail: { provider: 'test' } }
    ])
    const sessions = await fastify.database.open().query(sql`SELECT amr FROM sessions WHERE user_id = ${ada.id}`)
    t.strictSame(sessions, [{ amr: ['fed'] }])
  })

  await t.test('counts from when the provider asked', async (t) => {
    const bea = await stale('bea')
    await bea.stepUp({ sub: 'bea-1', auth_time: seconds() - 500 })
    t.ok(await bea.isFresh())
    clock.advance(101)
    t.notOk(await bea.isFresh())
    await bea.stepUp({ sub: 'bea-1', auth_time: seconds() + 1000 })
    clock.advance(601)
    t.notOk(await bea.isFresh(), 'at most from now on')
  })

  await t.test('changes nothing if it fails', async (t) => {
    const cleo = await stale('cleo')
    const other = await stale('dan')
    const cases: [what: string, visitor: object, text: RegExp][] = [
      ['the account of another', { sub: 'dan-1' }, /with another account than the one you are using here/],
      ['the account of nobody', { sub: 'unknown' }, /with another account than the one you are using here/],
      ['the provider did not ask', { sub: 'cleo-1', auth_time: seconds() - 601 }, /Test has not asked you to sign in/]
    ]
    for (const [what, visitor, text] of cases) {
      const response = await cleo.stepUp(visitor)
      t.match(readPage(response), { statusCode: 400, text }, what)
      t.match(response.body, `href="${BACK}"`, what)
      t.notOk(await cleo.isFresh(), what)
    }
    t.notOk(await other.isFresh())
    const state = String(new URL(await cleo.beginBy(STEP_UP, TARGET)).searchParams.get('state'))
    const denied = await cleo.back(new URLSearchParams({ error: 'access_denied', state }))
    t.match(denied, { statusCode: 303, headers: { location: BACK } })
    const address = await cleo.beginBy(STEP_UP, TARGET)
    await cleo.browser.submit('/pages/logout', {})
    t.match(readPage(await cleo.back(issuer.authorize(address, { sub: 'cleo-1' }))), { statusCode: 400 })
    t.strictSame(await failures(cleo.id), ['another account', 'another account', 'not asked again'])
    t.strictSame(await failures(null), ['access denied', 'session ended'], 'of which the session is not looked for')
  })

  await t.test('is for accounts that have nothing else', async (t) => {
    const { user } = await signIn(fastify, { username: 'eve' })
    const eve = createTraveller(fastify, issuer)
    await eve.browser.submit('/pages/login', { name: 'eve', password: PASSWORD })
    await eve.back(issuer.authorize(await eve.beginBy('/pages/account/identities', {}), { sub: 'eve-1' }))
    clock.advance(601)
    t.notMatch(readPage(await eve.browser.get(STEP_UP)), { text: /Sign in with Test/ })
    const back = await eve.back(issuer.authorize(await eve.beginBy(STEP_UP, TARGET), { sub: 'eve-1' }))
    t.match(readPage(back), { statusCode: 400, text: /^Signing in did not work Signing in with Test did not work/ })
    const { headers } = await eve.browser.submit('/pages/account/identities', { provider: 'test' })
    t.match(headers.location, 'pages/step-up', 'not fresh')
    t.strictSame(await recorded(fastify, user.id, 'stepped up'), [])
  })

  await t.test('is not in place of a second step that cannot be taken now', async (t) => {
    const gwen = await stale('gwen')
    await fastify.database.open().query(sql`UPDATE users SET mfa_required = true WHERE id = ${gwen.id}`)
    await fastify.database.open().query(sql`UPDATE sessions SET amr = '{fed,otp,mfa}' WHERE user_id = ${gwen.id}`)
    t.notMatch(readPage(await gwen.browser.get(STEP_UP)), { text: /Sign in with Test/ })
    t.match(readPage(await gwen.stepUp()), { statusCode: 400, text: /^Signing in did not work/ })
    t.notOk(await gwen.isFresh())
    t.strictSame(await failures(gwen.id), ['another factor'])
  })

  await t.test('says that the provider is away or unknown', async (t) => {
    const fay = await stale('fay')
    const away = await fay.browser.submit(STEP_UP, { ...TARGET, provider: 'away' })
    t.match(readPage(away), { statusCode: 503, text: /away does not answer/ })
    t.equal(away.headers['retry-after'], '5')
    t.match(away.body, 'href="../pages/step-up?return_to=%2Fpages%2Faccount%2Fpassword"')
    t.match(readPage(await fay.browser.submit(STEP_UP, { ...TARGET, provider: 'none' })), { statusCode: 404 })
    t.match(readPage(await fay.browser.submit(STEP_UP, { provider: 'test', password: PASSWORD })), { statusCode: 400 })
  })
})

test('a sign-in at a provider is as fresh as the proof there', async (t) => {
  const clock = testClock()
  const issuer = await createIssuer(t)
  const seconds = () => clock.now() / 1000
  issuer.lies.claims = (claims) => ({ ...claims, iat: seconds(), exp: seconds() + 60 })
  const fastify = await buildFederated(t, [issuer.entry()], { clock })
  const { begin, browser, signIn: go } = createTraveller(fastify, issuer)
  t.equal(new URL(await begin()).searchParams.get('prompt'), null)
  await go({ sub: 'ada-1' })
  await browser.submit('/pages/register/provider', { username: 'ada' })
  const isFresh = async () => (await browser.get('/pages/account/password')).statusCode === 200
  for (const [authTime, expected] of [
    [undefined, true],
    [seconds() - 300, true],
    [seconds() - 601, false],
    [-1e300, false],
    [1e300, true]
  ] as const) {
    await go({ sub: 'ada-1', auth_time: authTime })
    t.equal(await isFresh(), expected, String(authTime))
  }
})
