import { test } from 'tap'
import { sql } from '../../../../src/database/sql.ts'
import type { Provider } from '../../../../src/providers/provider.ts'
import { cutOff, PASSWORD, post, signIn } from '../../../helpers/app.ts'
import { buildFederated, createTraveller } from '../../../helpers/federated.ts'
import { createIssuer } from '../../../helpers/issuer.ts'
import { createBrowser, readPage } from '../../../helpers/page.ts'
import { giveApp } from '../../../helpers/second-factor.ts'

const url = '/pages/register/provider'

test('a new account without a trusted address', async (t) => {
  const issuer = await createIssuer(t)
  const fastify = await buildFederated(t, [issuer.entry({ label: 'Test' })])
  const traveller = () => createTraveller(fastify, issuer)
  await signIn(fastify, { username: 'taken', email: 'taken@example.com' })

  await t.test('asks for a username or an address, and refuses what is taken', async (t) => {
    const ada = traveller()
    const arrived = await ada.signIn(
      { sub: 'ada-1', email: 'taken@example.com', email_verified: true },
      {
        query: '?return_to=/pages/account/sessions'
      }
    )
    t.match(arrived, { statusCode: 303, headers: { location: '../../pages/register/provider' } })
    t.match(readPage(await ada.browser.get(url)), {
      statusCode: 200,
      text: /^Choose a name You have signed in with Test\. Your new account needs a name\./,
      inputs: ['email', 'username']
    })
    const rows: [fields: Record<string, string>, statusCode: number, text: string][] = [
      [{}, 400, 'Enter an email address, a username, or both.'],
      [{ username: 'taken' }, 409, 'taken'],
      [{ email: 'TAKEN@example.com' }, 409, 'Another account uses this address.'],
      [{ username: 'admin' }, 409, 'taken'],
      [{ username: 'x' }, 400, 'Check what is marked below.'],
      [{ password: PASSWORD, username: 'ada' }, 400, 'The form could not be read.']
    ]
    for (const [fields, statusCode, text] of rows) {
      const response = await ada.browser.submit(url, fields)
      t.match(readPage(response), { statusCode, text }, JSON.stringify(fields))
    }
    const done = await ada.browser.submit(url, { username: 'ada', email: 'ada@example.com' })
    t.match(done, { statusCode: 303, headers: { location: '../../pages/account/sessions' } })
    t.notOk(ada.browser.cookies.has('federation-pending'))
    const [row] = await fastify.database
      .open()
      .query(sql`SELECT username, email, email_verified, password_hash FROM users WHERE username = 'ada'`)
    t.strictSame(row, { username: 'ada', email: 'ada@example.com', email_verified: false, password_hash: null })
    t.equal((await traveller().signIn({ sub: 'ada-1' })).headers.location, '../../pages/account')
  })

  await t.test('is only for somebody who comes from a provider, and from our own form', async (t) => {
    const { browser } = traveller()
    t.equal((await browser.get(url)).headers.location, '../../pages/login')
    t.match(readPage(await browser.submit(url, { username: 'nobody' })), { statusCode: 404 })
    browser.cookies.set('federation-pending', 'damaged')
    t.match(readPage(await browser.submit(url, { username: 'nobody' })), { statusCode: 404 })
    const eve = traveller()
    await eve.signIn({ sub: 'eve-1' })
    const foreign = await eve.browser.submit(url, { username: 'eve' }, { origin: 'https://evil.example.com' })
    t.match(readPage(foreign), { statusCode: 403 })
  })

  await t.test('is over once the operator lets the provider make no accounts', async (t) => {
    const dan = traveller()
    await dan.signIn({ sub: 'dan-1' })
    const { settings } = fastify.providers.get('test') as Provider
    settings.signUp = false
    t.equal((await dan.browser.get(url)).headers.location, '../../pages/login')
    t.match(readPage(await dan.browser.submit(url, { username: 'dan' })), { statusCode: 404 })
    settings.signUp = true
    t.match(readPage(await dan.browser.get(url)), { statusCode: 200 })
  })

  await t.test('says that the database is away, and keeps what was typed', async (t) => {
    const eve = traveller()
    await eve.signIn({ sub: 'eve-2' })
    const back = cutOff(fastify)
    const response = await eve.browser.submit(url, { username: 'eve' })
    back()
    t.match(readPage(response), { statusCode: 503, inputs: ['email', 'username'] })
    t.match(response.body, 'value="eve"')
    t.match(readPage(await eve.browser.submit(url, { username: 'x'.repeat(20_000) })), { statusCode: 413 })
  })

  await t.test('makes one account where two forms are sent at once', async (t) => {
    const bob = traveller()
    await bob.signIn({ sub: 'bob-1' })
    const responses = await Promise.all(['bob', 'bobby'].map((username) => bob.browser.submit(url, { username })))
    t.strictSame(
      responses.map(({ statusCode }) => statusCode),
      [303, 303]
    )
    const rows = await fastify.database.open().query(sql`SELECT FROM users WHERE username IN ('bob', 'bobby')`)
    t.equal(rows.length, 1)
  })

  await t.test('knows an account that was made meanwhile, with its second step, or disabled', async (t) => {
    const cora = traveller()
    await cora.signIn({ sub: 'cora-1' })
    const cookies = new Map(cora.browser.cookies)
    await cora.browser.submit(url, { username: 'cora' })
    const [row] = await fastify.database.open().query<{ id: string }>(sql`SELECT id FROM users WHERE username = 'cora'`)
    const id = String(row?.id)
    await giveApp(fastify, id)
    const again = () => {
      const other = traveller()
      for (const [name, value] of cookies) other.browser.cookies.set(name, value)
      return other.browser.submit(url, { username: 'cora2' })
    }
    t.match(readPage(await again()), { statusCode: 200, text: /^One more step/ })
    await fastify.database.open().query(sql`UPDATE users SET disabled_at = now() WHERE id = ${id}`)
    t.match(readPage(await again()), { statusCode: 400, text: /^Signing in did not work/ })
    t.equal((await post(fastify, '/login', { username: 'cora', password: PASSWORD })).statusCode, 401)
  })
})

test('without mail, an address is taken as it is', async (t) => {
  const issuer = await createIssuer(t)
  const PUBLIC_URL = 'https://auth.example.com'
  const environment = { PUBLIC_URL, SMTP_URL: '', MAIL_FROM: '' }
  const fastify = await buildFederated(t, [issuer.entry({ label: 'Test' })], { environment })
  t.equal(fastify.mail.available, false)
  const ada = createTraveller(fastify, issuer, createBrowser(fastify, PUBLIC_URL))
  await ada.signIn({ sub: 'ada-1' })
  t.equal((await ada.browser.submit(url, { email: 'ada@example.com' })).headers.location, '../../pages/account')
  const rows = await fastify.database.open().query(sql`SELECT email, email_verified FROM users`)
  t.strictSame(rows, [{ email: 'ada@example.com', email_verified: false }])
})
