import type { LightMyRequestResponse } from 'fastify'
import { test } from 'tap'
import { sql } from '../src/database/sql.ts'
import { addUser } from '../src/users/users.ts'
import { PASSWORD } from './helpers/app.ts'
import { createTraveller } from './helpers/federated.ts'
import { createBrowser, ORIGIN } from './helpers/page.ts'
import { recorded } from './helpers/second-factor.ts'
import {
  beginLink,
  FAILED,
  failuresOf,
  isStored,
  outcomeOf,
  SIGNED_IN,
  startFederated,
  UNNAMED,
  visitorOf
} from './helpers/visitors.ts'

const ENVIRONMENT = { HIDE_ACCOUNTS: 'on', CORS_ORIGINS: 'https://app.example.com' }
const LAX = { ...FAILED, text: FAILED.text.replace('with Test', 'with Lax') }
const NOT_OURS =
  'That did not work The link that you followed asks to return to an address that is not allowed here. Go back, and try again from there.'
const stateOf = (address: string) => String(new URL(address).searchParams.get('state'))
const nameOf = (address: string) => `federation-${stateOf(address).slice(0, 8)}`

test('an attacker on the way to a provider and back', async (t) => {
  const { fastify, clock, issuer, lax, log } = await startFederated(t, ENVIRONMENT)
  const traveller = (browser = createBrowser(fastify)) => createTraveller(fastify, issuer, browser)
  const database = fastify.database.open()
  const passwordHash = await fastify.passwords.hash(PASSWORD)
  await traveller().signIn(visitorOf('ada'))
  await traveller().signIn(visitorOf('mallory'))

  /** A browser in which somebody has signed in, and what its account page says. */
  async function signedIn(name: string) {
    const way = traveller()
    await way.signIn(visitorOf(name))
    const isStill = async () => (await way.browser.get('/pages/account')).body.includes(`${name}@example.com`)
    return { ...way, isStill }
  }

  await t.test('mix-up: a code of one provider is never sent to another', async (t) => {
    const victim = traveller()
    // The attacker's provider leads on to the honest one, as if this service had.
    const address = new URL(await victim.begin('lax'))
    const honest = new URL(`${issuer.url}/authorize${address.search}`)
    honest.searchParams.set('redirect_uri', `${ORIGIN}/federation/test/callback`)
    const seen = issuer.count('/token')
    t.strictSame(outcomeOf(await victim.back(issuer.authorize(honest.href, visitorOf('ada')))), FAILED)
    // The honest provider tells who answers, and was not asked who may know it.
    const answer = issuer.authorize(await victim.begin('lax'), visitorOf('ada'))
    answer.set('iss', issuer.url)
    t.strictSame(outcomeOf(await victim.back(answer, 'lax')), LAX)
    t.strictSame([lax.count('/token'), issuer.count('/token') - seen], [0, 0])
    t.strictSame(await failuresOf(fastify), ['attempt of another provider', 'wrong issuer'])
  })

  await t.test('each part of an answer is that of its attempt', async (t) => {
    const victim = traveller()
    const begun = (await failuresOf(fastify)).length
    const attacker = traveller()
    const rows: [what: string, reason: string, go: () => Promise<LightMyRequestResponse>][] = [
      [
        'the code of another provider',
        'code refused',
        async () => {
          const { code } = Object.fromEntries(lax.authorize(await attacker.begin('lax'), visitorOf('ada')))
          return victim.back(new URLSearchParams({ code: String(code), state: stateOf(await victim.begin()) }))
        }
      ],
      [
        'the ID token of another attempt',
        'wrong nonce',
        async () => {
          const { claims } = issuer.lies
          const nonce = new URL(await attacker.begin()).searchParams.get('nonce')
          const answer = issuer.authorize(await victim.begin(), visitorOf('ada'))
          issuer.lies.claims = (given) => ({ ...claims?.(given), nonce })
          const response = await victim.back(answer)
          issuer.lies.claims = claims as NonNullable<typeof claims>
          return response
        }
      ],
      [
        'a cookie under the name of another attempt',
        'no attempt',
        async () => {
          const [own, theirs] = [await victim.begin(), await attacker.begin()]
          victim.browser.cookies.set(nameOf(own), String(attacker.browser.cookies.get(nameOf(theirs))))
          return victim.back(issuer.authorize(own, visitorOf('ada')))
        }
      ],
      [
        'a code that was used, with a cookie that was kept',
        'code refused',
        async () => {
          const address = await victim.begin()
          const kept = String(victim.browser.cookies.get(nameOf(address)))
          const answer = issuer.authorize(address, visitorOf('ada'))
          t.strictSame(outcomeOf(await victim.back(answer)), SIGNED_IN)
          victim.browser.cookies.set(nameOf(address), kept)
          return victim.back(answer)
        }
      ],
      [
        'a pending identity as an attempt',
        'no attempt',
        async () => {
          await attacker.signIn({ sub: 'nobody' })
          const address = await victim.begin()
          victim.browser.cookies.set(nameOf(address), String(attacker.browser.cookies.get('federation-pending')))
          return victim.back(issuer.authorize(address, visitorOf('ada')))
        }
      ]
    ]
    for (const [what, , go] of rows) {
      const response = await go()
      t.strictSame(outcomeOf(response), FAILED, what)
      t.match(response.headers, { 'cache-control': 'no-store', 'referrer-policy': 'same-origin' }, what)
    }
    t.strictSame(
      (await failuresOf(fastify)).slice(begun),
      rows.map(([, reason]) => reason)
    )
  })

  await t.test('login CSRF: an answer of the attacker changes nothing in the browser of the victim', async (t) => {
    const victim = await signedIn('ada')
    const attacker = traveller()
    const answer = issuer.authorize(await attacker.begin(), visitorOf('mallory'))
    await victim.begin()
    t.strictSame(outcomeOf(await victim.back(answer)), FAILED)
    const form = Object.fromEntries(answer)
    const posted = await victim.browser.submit('/federation/test/callback', form, { origin: 'https://evil.example' })
    t.strictSame(outcomeOf(posted), { statusCode: 303, location: `callback?${answer}` })
    t.strictSame(outcomeOf(await victim.browser.get(`/federation/test/${posted.headers.location}`)), FAILED)
    t.ok(await victim.isStill())
  })

  await t.test('linking CSRF: an attempt of the attacker links nothing to the account of the victim', async (t) => {
    const [victim, attacker] = [await signedIn('ada'), await signedIn('mallory')]
    const address = await beginLink(attacker.browser)
    const answer = issuer.authorize(address, { sub: 'mallory-2' })
    // Not even if the attacker can set cookies there, which the prefix __Host- prevents.
    victim.browser.cookies.set(nameOf(address), String(attacker.browser.cookies.get(nameOf(address))))
    t.match(outcomeOf(await victim.back(answer)), { statusCode: 400, text: /^Signing in did not work / })
    await isStored(t, fastify, 'ada@example.com', { identities: ['ada-1'] })
    t.ok(await victim.isStill())
    // A pending identity of the attacker is not linked to that of the victim either.
    const pending = traveller()
    await pending.signIn({ sub: 'mallory-3' })
    victim.browser.cookies.set('federation-pending', String(pending.browser.cookies.get('federation-pending')))
    t.strictSame(outcomeOf(await victim.signIn(visitorOf('ada'))), SIGNED_IN)
    await isStored(t, fastify, 'ada@example.com', { identities: ['ada-1'] })
  })

  await t.test('open redirect: the way ends at a page of ours, or at a frontend', async (t) => {
    const targets = [
      'https://app.example.com.evil.example',
      'https://app.example.com@evil.example',
      'https://app.example.com:444',
      'http://app.example.com',
      '//app.example.com',
      'https:evil.example',
      'https:\\\\evil.example',
      '///evil.example',
      '/\\evil.example',
      '/\t/evil.example',
      ' https://evil.example',
      '/pages/..//evil.example',
      '/pages/%2e%2e//evil.example',
      '/pages/../federation/lax',
      'data:text/html,x',
      ''
    ]
    const before = issuer.requests.length
    const refuse = async (query: string) => {
      const response = await fastify.inject(`/federation/test?${query}`)
      t.match(outcomeOf(response), { statusCode: 400, text: NOT_OURS }, query)
      t.equal(response.headers['set-cookie'], undefined)
    }
    for (const return_to of targets) await refuse(String(new URLSearchParams({ return_to })))
    await refuse('return_to=/pages/account&return_to=https://evil.example')
    t.equal(issuer.requests.length, before)
    for (const path of ['/pages//evil.example', '/pages/@evil.example', '/pages/account?return_to=//evil.example']) {
      const query = `?${new URLSearchParams({ return_to: path })}`
      const { location } = (await traveller().signIn(visitorOf('ada'), { query })).headers
      t.equal(new URL(String(location), `${ORIGIN}/federation/test/callback`).href, `${ORIGIN}${path}`)
    }
    const way = traveller()
    const answer = issuer.authorize(await way.begin(), visitorOf('ada'))
    answer.append('return_to', 'https://evil.example')
    t.strictSame(outcomeOf(await way.back(answer)), SIGNED_IN, 'what the provider adds is ignored')
    t.strictSame(outcomeOf(await way.signIn({ sub: 'nobody' })), UNNAMED)
    const named = { username: 'nobody', return_to: 'https://evil.example' }
    t.match(outcomeOf(await way.browser.submit('/pages/register/provider', named)), { statusCode: 400 })
  })

  await t.test('replay: a pending identity makes no second account, and is void after 10 minutes', async (t) => {
    const way = traveller()
    await way.signIn({ sub: 'pat-1' })
    const kept = String(way.browser.cookies.get('federation-pending'))
    const name = (username: string) => {
      const { browser } = traveller()
      browser.cookies.set('federation-pending', kept)
      return browser.submit('/pages/register/provider', { username })
    }
    t.strictSame(outcomeOf(await name('pat')), SIGNED_IN)
    t.strictSame(outcomeOf(await name('patty')), SIGNED_IN)
    const rows = await database.query(sql`SELECT username FROM users WHERE username IN ('pat', 'patty')`)
    t.strictSame(rows, [{ username: 'pat' }])
    clock.advance(600)
    t.match(outcomeOf(await name('patrick')), { statusCode: 404, text: /^Signing in did not work / })
  })

  await t.test('replay: a pending identity is linked once', async (t) => {
    const { id } = await addUser(database, { email: 'eva@example.com', emailVerified: true, passwordHash })
    const way = traveller()
    t.match(outcomeOf(await way.signIn(visitorOf('eva'))), { statusCode: 200, text: /^You have an account here/ })
    const kept = String(way.browser.cookies.get('federation-pending'))
    for (const _ of [1, 2]) {
      way.browser.cookies.set('federation-pending', kept)
      await way.browser.submit('/pages/login', { name: 'eva@example.com', password: PASSWORD })
      await isStored(t, fastify, 'eva@example.com', { identities: ['eva-1'] })
    }
    t.equal((await recorded(fastify, id, 'identity linked')).length, 1)
  })

  await t.test('neither the log nor the record has what a provider says', async (t) => {
    const way = traveller()
    const secrets = ['subject-of-', 'address-of-', 'what-it-says']
    for (const id of ['test', 'lax', 'closed']) {
      const address = await way.begin(id)
      const visitor = { sub: `subject-of-${id}`, email: `address-of-${id}@example.com`, email_verified: true }
      const answer = (id === 'lax' ? lax : issuer).authorize(address, visitor)
      const { code_challenge, nonce, state } = Object.fromEntries(new URL(address).searchParams)
      secrets.push(String(code_challenge), String(nonce), String(state), String(answer.get('code')))
      await way.back(answer, id)
    }
    const state = stateOf(await way.begin())
    secrets.push(state)
    const said = { error: 'server_error', error_description: 'what-it-says', state }
    const response = await way.back(new URLSearchParams(said))
    t.strictSame(outcomeOf(response), FAILED)
    await fastify.audit.flush()
    const record = JSON.stringify(await database.query(sql`SELECT * FROM audit`))
    const everything = `${log.join('\n')}\n${record}\n${response.body}`
    for (const reason of ['no account', 'refused by the provider']) t.match(record, reason)
    for (const secret of secrets) t.notOk(everything.includes(secret), secret)
  })
})
