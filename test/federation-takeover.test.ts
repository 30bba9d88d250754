import { test } from 'tap'
import { sql } from '../src/database/sql.ts'
import { answer, bearer, PASSWORD, post, refusal, signIn } from './helpers/app.ts'
import { createAuthenticator } from './helpers/authenticator.ts'
import { createTraveller } from './helpers/federated.ts'
import { letters, tokenOf } from './helpers/letters.ts'
import { createBrowser } from './helpers/page.ts'
import { signInOnPage } from './helpers/page-account.ts'
import { ORIGIN } from './helpers/passkeys.ts'
import { giveApp, recorded } from './helpers/second-factor.ts'
import {
  beginLink,
  FAILED,
  failuresOf,
  isStored,
  outcomeOf,
  SIGNED_IN,
  startFederated,
  storedOf,
  UNNAMED,
  verifyAddress,
  visitorOf
} from './helpers/visitors.ts'

const NEXT = 'another horse battery staple'
const LINK_INVALID = {
  statusCode: 400,
  body: refusal(400, 'Bad Request', 'EMAIL_TOKEN_INVALID', 'The link is invalid, has expired, or was already used.')
}
const TO_SIGN_IN = (page: string) => ({
  statusCode: 303,
  location: `../pages/login?${new URLSearchParams({ return_to: page })}`
})

test('an account that an attacker has prepared for its victim', async (t) => {
  const { fastify, clock, issuer, lax } = await startFederated(t)
  const victim = () => createTraveller(fastify, issuer)
  const attacker = (browser = createBrowser(fastify)) => createTraveller(fastify, lax, browser)

  /** Registers the address of a victim, and signs in on the page and at the API. */
  async function prepare(name: string) {
    const names = { username: `mallory.${name}`, email: `${name}@example.com` }
    const { user, access_token, refresh_token } = await signIn(fastify, names)
    await letters(fastify)
    const browser = createBrowser(fastify)
    await signInOnPage(browser, names)
    return { ...names, user, token: access_token as string, refresh_token, browser }
  }

  await t.test('unexpired session: whatever was begun before the claim ends nowhere', async (t) => {
    const { browser, email, user, username, token } = await prepare('ada')
    const link = lax.authorize(await beginLink(browser, 'lax'), { sub: 'mallory' })
    const { public_key } = (await post(fastify, '/passkeys/options', {}, bearer(token))).json()
    const credential = createAuthenticator(ORIGIN).create(public_key)
    const app = await giveApp(fastify, user.id)
    const step = (await post(fastify, '/login', { username, password: PASSWORD })).json().challenge.mfa_token
    clock.advance(60)

    t.strictSame(outcomeOf(await victim().signIn(visitorOf('ada'))), SIGNED_IN)
    const claimed = { id: user.id, email_verified: true, password: false, mfa_required: false, passkeys: 0 }
    t.strictSame(await storedOf(fastify, email), { ...claimed, identities: ['ada-1'], sessions: 1 })

    t.strictSame(outcomeOf(await browser.get('/pages/account')), TO_SIGN_IN('/pages/account'))
    t.match(outcomeOf(await attacker(browser).back(link, 'lax')), {
      statusCode: 400,
      text: /^Signing in did not work Signing in with Lax did not work\..* Your account$/
    })
    t.match(await failuresOf(fastify), ['session ended'])
    t.strictSame(answer(await post(fastify, '/login/mfa', { mfa_token: step, totp: app.code() })), {
      statusCode: 401,
      body: refusal(401, 'Unauthorized', 'MFA_TOKEN_INVALID', 'The second step has expired; sign in again.')
    })
    t.strictSame(answer(await post(fastify, '/passkeys', { credential }, bearer(token))), {
      statusCode: 401,
      body: refusal(401, 'Unauthorized', 'TOKEN_INVALID', 'The token is not valid.')
    })
    t.strictSame(await storedOf(fastify, email), { ...claimed, identities: ['ada-1'], sessions: 1 })
    t.strictSame(
      (await letters(fastify)).map(({ template, recipient }) => [template, recipient]),
      [['account-claimed', email]]
    )
  })

  await t.test('unexpired email change: away from a claimed address', async (t) => {
    const { email, token } = await prepare('bea')
    const change = { new_email: 'mallory@evil.example', current_password: PASSWORD }
    t.equal((await post(fastify, '/email/change', change, bearer(token))).statusCode, 202)
    const confirmation = await tokenOf(fastify, 'confirm-new-email')
    t.strictSame(outcomeOf(await victim().signIn(visitorOf('bea'))), SIGNED_IN)
    t.strictSame(answer(await post(fastify, '/email/change/confirm', { token: confirmation })), LINK_INVALID)
    await isStored(t, fastify, email, { email_verified: true, identities: ['bea-1'] })
  })

  await t.test('unexpired email change: to the address of a new account', async (t) => {
    const { user, access_token: token } = await signIn(fastify, { email: 'mallory@example.com' })
    await letters(fastify)
    const change = { new_email: 'cora@example.com', current_password: PASSWORD }
    await post(fastify, '/email/change', change, bearer(token))
    const confirmation = await tokenOf(fastify, 'confirm-new-email')
    t.strictSame(outcomeOf(await victim().signIn(visitorOf('cora'))), SIGNED_IN)
    const confirmed = await post(fastify, '/email/change/confirm', { token: confirmation })
    t.match(confirmed.json(), { code: 'ACCOUNT_EXISTS' })
    await isStored(t, fastify, 'cora@example.com', { identities: ['cora-1'], sessions: 1 })
    await isStored(t, fastify, 'mallory@example.com', { id: user.id, identities: [] })
  })

  await t.test('trojan identifier: an identity of the attacker goes with a reset of the password', async (t) => {
    const { browser, email, user } = await prepare('dora')
    const way = attacker(browser)
    await way.back(lax.authorize(await beginLink(browser, 'lax'), { sub: 'mallory-2' }), 'lax')
    await isStored(t, fastify, email, { identities: ['mallory-2'] })
    t.strictSame(outcomeOf(await attacker().signIn({ sub: 'mallory-2' }, { id: 'lax' })), SIGNED_IN)
    await letters(fastify)
    await post(fastify, '/password/forgot', { email })
    const token = await tokenOf(fastify, 'reset-password')
    t.equal((await post(fastify, '/password/reset', { token, new_password: NEXT })).statusCode, 204)
    await isStored(t, fastify, email, { email_verified: true, password: true, identities: [], sessions: 0 })
    t.strictSame(outcomeOf(await attacker().signIn({ sub: 'mallory-2' }, { id: 'lax' })), UNNAMED)
    t.match(await recorded(fastify, user.id, 'identity unlinked'), [{ detail: { reason: 'password reset', count: 1 } }])
  })

  await t.test('non-verifying provider: an address that it only states leads to no account', async (t) => {
    const { user } = await signIn(fastify, { email: 'eva@example.com' })
    await verifyAddress(fastify, 'eva@example.com')
    for (const email_verified of [true, false, undefined, 'true']) {
      const arrived = await attacker().signIn(
        { sub: 'mallory-3', email: 'eva@example.com', email_verified },
        { id: 'lax' }
      )
      t.strictSame(outcomeOf(arrived), UNNAMED, String(email_verified))
    }
    await isStored(t, fastify, 'eva@example.com', { id: user.id, password: true, identities: [], sessions: 1 })
  })

  await t.test('non-verifying provider: an account that it led to is claimed by the true owner', async (t) => {
    const way = attacker()
    await way.signIn({ sub: 'mallory-4', email: 'fay@example.com', email_verified: true }, { id: 'lax' })
    const made = await way.browser.submit('/pages/register/provider', { email: 'fay@example.com' })
    t.strictSame(outcomeOf(made), SIGNED_IN)
    const before = await storedOf(fastify, 'fay@example.com')
    t.match(before, { email_verified: false, identities: ['mallory-4'], sessions: 1 })
    t.strictSame(outcomeOf(await victim().signIn(visitorOf('fay'))), SIGNED_IN)
    await isStored(t, fastify, 'fay@example.com', {
      id: String(before?.id),
      email_verified: true,
      identities: ['fay-1'],
      sessions: 1
    })
    t.strictSame(outcomeOf(await way.browser.get('/pages/account')), TO_SIGN_IN('/pages/account'))
    t.strictSame(outcomeOf(await attacker().signIn({ sub: 'mallory-4' }, { id: 'lax' })), UNNAMED)
  })

  await t.test('a disabled account with an unverified address is neither claimed nor linked', async (t) => {
    const { email, user } = await prepare('gil')
    await fastify.database.open().query(sql`UPDATE users SET disabled_at = now() WHERE id = ${user.id}`)
    const before = await storedOf(fastify, email)
    for (const id of ['test', 'linking']) {
      t.strictSame(outcomeOf(await victim().signIn(visitorOf('gil'), { id })), FAILED)
      t.strictSame(await storedOf(fastify, email), before)
    }
    t.strictSame([before?.email_verified, before?.password, before?.identities], [false, true, []])
    t.strictSame(await failuresOf(fastify, user.id), ['account disabled', 'account disabled'])
  })

  await t.test('at the moment of a claim: nothing that the attacker sends stays', async (t) => {
    const { browser, email, token, refresh_token, user } = await prepare('hal')
    const link = lax.authorize(await beginLink(browser, 'lax'), { sub: 'mallory-5' })
    const owner = victim()
    const claim = issuer.authorize(await owner.begin(), visitorOf('hal'))
    const [claimed] = await Promise.all([
      owner.back(claim),
      attacker(browser).back(link, 'lax'),
      post(fastify, '/password/change', { current_password: PASSWORD, new_password: NEXT }, bearer(token)),
      post(fastify, '/token/refresh', { refresh_token }),
      post(fastify, '/login', { email, password: PASSWORD }),
      post(fastify, '/mfa/totp', undefined, bearer(token))
    ])
    t.strictSame(outcomeOf(claimed), SIGNED_IN)
    t.strictSame(await storedOf(fastify, email), {
      id: user.id,
      email_verified: true,
      password: false,
      mfa_required: false,
      passkeys: 0,
      identities: ['hal-1'],
      sessions: 1
    })
    t.equal((await owner.browser.get('/pages/account')).statusCode, 200, 'the session is that of the owner')
  })
})
