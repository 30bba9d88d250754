import type { FastifyReply, FastifyRequest } from 'fastify'
import { test } from 'tap'
import type { FederationResult } from '../../../plugins/flows/federation.ts'
import { sql } from '../../../src/database/sql.ts'
import { addUser } from '../../../src/users/users.ts'
import { cutOff } from '../../helpers/app.ts'
import { caught } from '../../helpers/caught.ts'
import { buildFederated, createTraveller } from '../../helpers/federated.ts'
import { createIssuer } from '../../helpers/issuer.ts'
import { createBrowser } from '../../helpers/page.ts'
import { giveApp, recorded } from '../../helpers/second-factor.ts'
import { beginLink, startFederated, visitorOf } from '../../helpers/visitors.ts'

const ACTIONS = ['registered', 'account claimed', 'identity linked', 'federated login', 'federated login failed']

test('signing in with other providers', async (t) => {
  const { fastify, clock, issuer } = await startFederated(t)
  const { federation } = fastify
  const database = fastify.database.open()
  const traveller = (browser = createBrowser(fastify)) => createTraveller(fastify, issuer, browser)
  const idOf = async (email: string) =>
    String((await database.query<{ id: string }>(sql`SELECT id FROM users WHERE email = ${email}`))[0]?.id)
  const actionsOf = async (email: string) => recorded(fastify, await idOf(email), ...ACTIONS)

  /** The results of the flow, as its routes get them. */
  const results: FederationResult[] = []
  const { complete, register } = federation
  const keep =
    <Given extends unknown[]>(original: (...given: Given) => Promise<FederationResult>) =>
    async (...given: Given) => {
      results.push(await original(...given))
      return results.at(-1) as FederationResult
    }
  Object.assign(federation, { complete: keep(complete), register: keep(register) })
  t.beforeEach(() => {
    results.length = 0
  })
  const way = { label: 'Test', purpose: 'sign-in', returnTo: undefined }

  await t.test(
    'a provider that there is not is not found, and neither is an identity that does not wait',
    async (t) => {
      const nobody = [{ headers: {} } as FastifyRequest, {} as FastifyReply] as const
      t.match(await caught(federation.begin(...nobody, 'none', { purpose: 'sign-in' })), { code: 'NOT_FOUND' })
      t.match(await caught(complete(...nobody, 'none', new URLSearchParams())), { code: 'NOT_FOUND' })
      t.match(await caught(register(...nobody, { username: 'ada' })), { code: 'NOT_FOUND' })
      t.equal(federation.unnamed(nobody[0]), undefined)
      t.equal(federation.asks, 'both')
    }
  )

  await t.test('says how each way ended, and has it on record', async (t) => {
    const returnTo = '/pages/account/sessions'
    const query = `?${new URLSearchParams({ return_to: returnTo })}`
    await traveller().signIn(visitorOf('ada'), { query })
    await traveller().signIn(visitorOf('ada'))
    await addUser(database, { email: 'bea@example.com', passwordHash: 'theirs' })
    await traveller().signIn(visitorOf('bea'))
    await addUser(database, { email: 'cora@example.com', emailVerified: true, passwordHash: 'own' })
    await traveller().signIn(visitorOf('cora'), { query })
    await traveller().signIn(visitorOf('cora'), { id: 'linking' })
    const { browser, ...dora } = traveller()
    await dora.signIn({ sub: 'dora-1' }, { query })
    await browser.submit('/pages/register/provider', { username: 'dora', email: 'dora@example.com' })
    t.strictSame(results, [
      { ...way, returnTo, outcome: 'signed in' },
      { ...way, outcome: 'signed in' },
      { ...way, outcome: 'signed in' },
      { ...way, returnTo, outcome: 'ask' },
      { ...way, outcome: 'signed in' },
      { ...way, returnTo, outcome: 'unnamed' },
      { ...way, returnTo, outcome: 'signed in' }
    ])
    const detail = { provider: 'test' }
    const login = { action: 'federated login', session: true, detail }
    t.strictSame(await actionsOf('ada@example.com'), [{ action: 'registered', session: false, detail }, login, login])
    t.strictSame(await actionsOf('bea@example.com'), [
      { action: 'account claimed', session: false, detail: { ...detail, count: 0 } },
      { action: 'identity linked', session: false, detail },
      login
    ])
    t.strictSame(await actionsOf('cora@example.com'), [
      { action: 'identity linked', session: false, detail: { provider: 'linking' } },
      { ...login, detail: { provider: 'linking' } }
    ])
    t.strictSame(await actionsOf('dora@example.com'), [{ action: 'registered', session: false, detail }, login])
  })

  await t.test('asks for the second step, and refuses who may not sign in', async (t) => {
    await traveller().signIn(visitorOf('eva'))
    const id = await idOf('eva@example.com')
    await giveApp(fastify, id)
    clock.advance(60)
    await traveller().signIn(visitorOf('eva'))
    t.match(results.at(-1), { ...way, outcome: 'second step', challenge: { factors: ['totp', 'recovery_code'] } })
    await database.query(sql`UPDATE users SET disabled_at = now() WHERE id = ${id}`)
    await traveller().signIn(visitorOf('eva'))
    t.strictSame(results.at(-1), { ...way, outcome: 'failed', reason: 'not allowed' })
    await traveller().signIn(visitorOf('fay'), { id: 'closed' })
    t.strictSame(results.at(-1), { ...way, outcome: 'failed', reason: 'no account' })
    await traveller().back(new URLSearchParams({ state: 'x' }))
    t.strictSame(results.at(-1), { ...way, outcome: 'failed', reason: 'no attempt' })
    t.strictSame(await recorded(fastify, null, 'federated login failed'), [
      { action: 'federated login failed', session: false, detail: { reason: 'no account', provider: 'closed' } },
      { action: 'federated login failed', session: false, detail: { reason: 'no attempt', provider: 'test' } }
    ])
  })

  await t.test('links to the account of the session alone', async (t) => {
    const gil = traveller()
    await gil.signIn(visitorOf('gil'))
    for (const [sub, ending] of [
      ['gil-2', { outcome: 'linked' }],
      ['ada-1', { outcome: 'failed', reason: 'identity taken' }]
    ] as const) {
      await gil.back(issuer.authorize(await beginLink(gil.browser), { sub }))
      t.strictSame(results.at(-1), { ...way, purpose: 'link', ...ending })
    }
    const address = await beginLink(gil.browser)
    await gil.browser.submit('/pages/logout', {})
    await gil.back(issuer.authorize(address, { sub: 'gil-3' }))
    t.strictSame(results.at(-1), { ...way, purpose: 'link', outcome: 'failed', reason: 'session ended' })
  })

  await t.test('knows who waits for a name, and nobody who is asked to sign in', async (t) => {
    const seen: unknown[] = []
    const { unnamed } = federation
    federation.unnamed = (request) => {
      seen.push(unnamed(request))
      return seen.at(-1) as ReturnType<typeof unnamed>
    }
    const hal = traveller()
    await hal.signIn({ sub: 'hal-1' })
    await hal.browser.get('/pages/register/provider')
    await addUser(database, { email: 'ivy@example.com', emailVerified: true, passwordHash: 'own' })
    const ivy = traveller()
    await ivy.signIn(visitorOf('ivy'))
    await ivy.browser.get('/pages/register/provider')
    federation.unnamed = unnamed
    t.match(seen, [{ label: 'Test', pending: { provider: 'test', identity: { subject: 'hal-1' } } }, undefined])
  })

  await t.test('a database that is away is no refusal', async (t) => {
    const jon = traveller()
    const answer = issuer.authorize(await jon.begin(), visitorOf('jon'))
    const restore = cutOff(fastify)
    const response = await jon.back(answer)
    restore()
    t.equal(response.statusCode, 503)
    t.strictSame(results, [])
  })
})

test('which names are asked for, by the settings', async (t) => {
  const issuer = await createIssuer(t)
  const MAIL = { SMTP_URL: 'smtp://127.0.0.1:9', MAIL_FROM: 'no-reply@example.com' }
  const rows: [environment: Record<string, string>, asks: string | undefined][] = [
    [{ REQUIRE_VERIFIED_EMAIL: 'on' }, 'email'],
    [{ HIDE_ACCOUNTS: 'on' }, 'username'],
    [{ HIDE_ACCOUNTS: 'on', REQUIRE_VERIFIED_EMAIL: 'on' }, undefined]
  ]
  for (const [environment, asks] of rows) {
    const fastify = await buildFederated(t, [issuer.entry()], { environment: { ...MAIL, ...environment } })
    t.equal(fastify.federation.asks, asks, JSON.stringify(environment))
  }
})
