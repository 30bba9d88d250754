import type { LightMyRequestResponse } from 'fastify'
import { test } from 'tap'
import { v7 as uuid } from 'uuid'
import { NOW, sql } from '../src/database/sql.ts'
import { addUser } from '../src/users/users.ts'
import { PASSWORD } from './helpers/app.ts'
import { createTraveller } from './helpers/federated.ts'
import { letters } from './helpers/letters.ts'
import { hiddenOf } from './helpers/page.ts'
import { giveApp } from './helpers/second-factor.ts'
import { statementsOf } from './helpers/statements-of.ts'
import { isStored, outcomeOf, SIGNED_IN, startFederated, storedOf, UNNAMED, visitorOf } from './helpers/visitors.ts'

test('an identity that is not what it seems', async (t) => {
  const { fastify, clock, issuer, lax } = await startFederated(t, { HIDE_ACCOUNTS: 'on' })
  const traveller = () => createTraveller(fastify, issuer)
  const elsewhere = () => createTraveller(fastify, lax)
  await traveller().signIn(visitorOf('ada'))
  const ada = await storedOf(fastify, 'ada@example.com')
  const database = fastify.database.open()
  const passwordHash = await fastify.passwords.hash(PASSWORD)
  /** An account whose address is verified, and an app that shows its codes. */
  async function withApp(email: string) {
    const { id } = await addUser(database, { email, emailVerified: true, passwordHash })
    const app = await giveApp(fastify, id)
    clock.advance(60)
    return app
  }

  await t.test('an address that has changed at the provider changes nothing here', async (t) => {
    await addUser(database, { email: 'bob@example.com', emailVerified: true, passwordHash })
    await addUser(database, { email: 'bea@example.com', passwordHash })
    const others = () => Promise.all(['bob', 'bea'].map((name) => storedOf(fastify, `${name}@example.com`)))
    const before = await others()
    for (const email of ['bob@example.com', 'bea@example.com', 'new@example.com']) {
      for (const id of ['test', 'linking']) {
        const way = traveller()
        t.strictSame(outcomeOf(await way.signIn(visitorOf('ada', { email }), { id })), SIGNED_IN)
        t.match((await way.browser.get('/pages/account')).body, 'ada@example.com', 'the account is the same')
      }
    }
    await isStored(t, fastify, 'ada@example.com', { id: String(ada?.id), identities: ['ada-1'], sessions: 7 })
    t.strictSame(await others(), before)
    t.equal(await storedOf(fastify, 'new@example.com'), undefined)
    t.strictSame(await letters(fastify), [])
  })

  await t.test('the subject of another issuer, or one that only looks the same, is somebody else', async (t) => {
    t.strictSame(outcomeOf(await elsewhere().signIn(visitorOf('ada'), { id: 'lax' })), UNNAMED)
    for (const sub of ['ADA-1', 'ada-1 ', 'аda-1', 'ada-\u0661']) {
      t.strictSame(outcomeOf(await traveller().signIn({ sub })), UNNAMED, JSON.stringify(sub))
    }
    await isStored(t, fastify, 'ada@example.com', { identities: ['ada-1'], sessions: 7 })
  })

  await t.test('an address that only looks the same belongs to no account', async (t) => {
    const { id } = await addUser(database, { email: 'kit@example.com', passwordHash })
    const before = await storedOf(fastify, 'kit@example.com')
    const lookalikes = [
      '\u212ait@example.com',
      'k\u0131t@example.com',
      'kit@ex\u0430mple.com',
      'kit+@example.com',
      'kit@example.com.'
    ]
    for (const email of lookalikes) {
      await traveller().signIn({ sub: email, email, email_verified: true }, { id: 'linking' })
      t.strictSame(await storedOf(fastify, 'kit@example.com'), before, email)
    }
    t.strictSame([before?.id, before?.identities], [id, []])
  })

  await t.test('a login name that GitHub has given to another person is not who had it', async (t) => {
    const github = { id: 'github' }
    const first = await traveller().signIn({ sub: 1001, email: 'octo@example.com', email_verified: true }, github)
    t.strictSame(outcomeOf(first), SIGNED_IN)
    // Both have the login name ada there.
    const second = await traveller().signIn({ sub: 1002, email: 'octo@example.com', email_verified: false }, github)
    t.strictSame(outcomeOf(second), UNNAMED)
    await isStored(t, fastify, 'octo@example.com', { identities: ['1001'], sessions: 1 })
  })

  await t.test('where a verified address is linked at once, the second step comes first', async (t) => {
    const app = await withApp('cora@example.com')
    const { browser, ...way } = traveller()
    const page = await way.signIn(visitorOf('cora'), { id: 'linking' })
    t.match(outcomeOf(page), { statusCode: 200, text: /^One more step/ })
    await isStored(t, fastify, 'cora@example.com', { mfa_required: true, identities: [], sessions: 0 })
    const step = { mfa_token: String(hiddenOf(page, 'mfa_token')) }
    t.match(outcomeOf(await browser.submit('/pages/login/mfa', { ...step, totp: app.wrong() })), { statusCode: 401 })
    await isStored(t, fastify, 'cora@example.com', { identities: [], sessions: 0 })
    t.strictSame(await letters(fastify), [])
    t.strictSame(outcomeOf(await browser.submit('/pages/login/mfa', { ...step, totp: app.code() })), SIGNED_IN)
    await isStored(t, fastify, 'cora@example.com', { identities: ['cora-1'], sessions: 1 })
    t.match(await letters(fastify), [{ template: 'identity-linked', recipient: 'cora@example.com' }])
  })

  await t.test('where a sign-in is asked for, nothing is linked before its second step', async (t) => {
    const app = await withApp('dora@example.com')
    const { browser, ...way } = traveller()
    t.match(outcomeOf(await way.signIn(visitorOf('dora'))), { statusCode: 200, text: /^You have an account here/ })
    const page = await browser.submit('/pages/login', { name: 'dora@example.com', password: PASSWORD })
    t.match(outcomeOf(page), { statusCode: 200, text: /^One more step/ })
    const step = { mfa_token: String(hiddenOf(page, 'mfa_token')) }
    await browser.submit('/pages/login/mfa', { ...step, totp: app.wrong() })
    await isStored(t, fastify, 'dora@example.com', { identities: [], sessions: 0 })
    await browser.submit('/pages/login/mfa', { ...step, totp: app.code() })
    await isStored(t, fastify, 'dora@example.com', { identities: ['dora-1'], sessions: 1 })
  })

  await t.test('two identities of one new address at once make one account', async (t) => {
    const ways = ['hal-1', 'hal-2'].map((sub) => ({ way: traveller(), visitor: visitorOf('hal', { sub }) }))
    const answers = await Promise.all(
      ways.map(async ({ way, visitor }) => ({ way, answer: issuer.authorize(await way.begin(), visitor) }))
    )
    const responses = await Promise.all(answers.map(({ way, answer }) => way.back(answer)))
    t.match(
      responses.map(outcomeOf).sort((one, other) => one.statusCode - other.statusCode),
      [{ statusCode: 200, text: /^You have an account here/ }, SIGNED_IN]
    )
    t.match(await storedOf(fastify, 'hal@example.com'), { identities: { length: 1 }, sessions: 1 })
  })

  await t.test('HIDE_ACCOUNTS: a stated address does not tell whether there is an account', async (t) => {
    const states: [name: string, prepare: (email: string) => Promise<unknown>][] = [
      ['none', async () => {}],
      ['verified', (email) => addUser(database, { email, emailVerified: true, passwordHash })],
      ['unverified', (email) => addUser(database, { email, passwordHash })],
      [
        'disabled',
        async (email) => {
          const { id } = await addUser(database, { email, emailVerified: true, passwordHash })
          await database.query(sql`UPDATE users SET disabled_at = ${NOW} WHERE id = ${id}`)
        }
      ],
      [
        'reserved',
        async (email) => {
          const { id } = await addUser(database, { email: `now.${email}`, emailVerified: true, passwordHash })
          await database.query(
            sql`INSERT INTO email_changes (id, user_id, previous_email, email_version, changed_at)
             VALUES (${uuid()}, ${id}, ${email}, 1, ${NOW})`
          )
        }
      ]
    ]
    for (const [id, expected] of [
      ['lax', UNNAMED],
      [
        'lax-closed',
        { statusCode: 400, text: /^Signing in did not work You have no account here, and Lax does not create one\./ }
      ]
    ] as const) {
      const measured: object[] = []
      for (const [name, prepare] of states) {
        const email = `${name}.${id}@example.com`
        await prepare(email)
        const way = createTraveller(fastify, lax)
        const answer = lax.authorize(await way.begin(id), { sub: email, email, email_verified: true })
        let response: LightMyRequestResponse | undefined
        const statements = await statementsOf(fastify, async () => {
          response = await way.back(answer, id)
        })
        const { statusCode, headers, body, cookies } = response as unknown as LightMyRequestResponse
        const { 'x-request-id': _, date: __, 'set-cookie': ___, ...others } = headers
        t.match(outcomeOf(response as unknown as LightMyRequestResponse), expected, name)
        measured.push({ statusCode, others, body, statements, cookies: cookies.map((cookie) => cookie.maxAge) })
      }
      for (const [index, [name]] of states.entries()) t.strictSame(measured[index], measured[0], name)
    }
  })

  await t.test('HIDE_ACCOUNTS: an address that another account may have back is not mentioned', async (t) => {
    const { id } = await addUser(database, { email: 'new@example.com', emailVerified: true, passwordHash })
    await database.query(
      sql`INSERT INTO email_changes (id, user_id, previous_email, email_version, changed_at)
       VALUES (${uuid()}, ${id}, 'old@example.com', 1, ${NOW})`
    )
    const closed = await traveller().signIn(visitorOf('old'), { id: 'closed' })
    t.match(outcomeOf(closed), { statusCode: 400, text: /You have no account here, and Test does not create one\./ })
    const way = traveller()
    t.strictSame(outcomeOf(await way.signIn(visitorOf('old'))), UNNAMED)
    t.strictSame(outcomeOf(await way.browser.submit('/pages/register/provider', { username: 'older' })), SIGNED_IN)
    t.equal(await storedOf(fastify, 'old@example.com'), undefined)
    await isStored(t, fastify, 'new@example.com', { id, identities: [] })
  })
})
