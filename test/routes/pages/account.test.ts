import { test } from 'tap'
import { sql } from '../../../src/database/sql.ts'
import { build, cutOff, PASSWORD, post, testClock } from '../../helpers/app.ts'
import { enrolPasskey } from '../../helpers/enrolled.ts'
import { createBrowser, readPage } from '../../helpers/page.ts'
import { browserOf } from '../../helpers/page-account.ts'
import { giveApp } from '../../helpers/second-factor.ts'

const url = '/pages/account'

test('GET /pages/account', async (t) => {
  const clock = testClock()
  const fastify = await build(t, { clock })
  const date = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeZone: 'UTC' })
  const { browser, user } = await browserOf(fastify, { username: 'ada', email: 'ada@example.com' })
  const database = fastify.database.open()

  await t.test('shows the names, what signs in, the sessions and what can be done with the data', async (t) => {
    const today = date.format(clock.now())
    t.strictSame(readPage(await browser.get(url)), {
      statusCode: 200,
      inputs: ['session'],
      text: [
        'Your account Sign out',
        'About you Username ada Change',
        'Email address not confirmed ada@example.com Send the mail again Change',
        'Signing in Password Changing it signs you out everywhere else. Change',
        'Authenticator app off Shows a code that you enter after your password. Set up',
        'Passkeys None yet. A passkey signs you in by your fingerprint, your face or the lock of your device. Add a passkey',
        `Where you are signed in lightMyRequest this one 127.0.0.1, signed in ${today}, last used now`,
        `lightMyRequest 127.0.0.1, signed in ${today}, last used now Sign out Sign out everywhere else`,
        'Your data Download your data All that is stored about you here, as a JSON file. Download',
        'Delete the account Deletes the account and all its data. It cannot be undone. Delete'
      ].join(' ')
    })
  })

  await t.test('has the headers of a page, and buttons with names of their own', async (t) => {
    const { body, headers } = await browser.get(url)
    t.match(headers, {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'content-security-policy': /^default-src 'none'; .*form-action 'self'/
    })
    t.equal(headers['set-cookie'], undefined)
    t.match(body, '<title>Your account - 127.0.0.1</title>')
    t.match(body, '<a class="button quiet" href="../pages/account/username" aria-label="Change: Username">')
    t.match(body, '<a class="button danger" href="../pages/account/delete" aria-label="Delete: Delete the account">')
    t.match(body, '<form method="post" action="../pages/account/email/resend">')
    t.match(body, /<button class="danger" aria-label="[^:"]+: lightMyRequest, 127\.0\.0\.1, [^"]+">/)
    t.equal((await fastify.inject({ method: 'HEAD', url })).statusCode, 303)
  })

  await t.test('says what was done just before', async (t) => {
    const told = await browser.get(`${url}?done=password`)
    t.match(told.body, '<p class="done" role="status">The password was changed. Every other session has ended.</p>')
    for (const query of ['?done=nothing', '?done=password&done=password', '?done=%3Cb%3E', '?other=1']) {
      const response = await browser.get(`${url}${query}`)
      t.strictSame([response.statusCode, response.body.includes('role="status"')], [200, false], query)
    }
  })

  await t.test('shows the second factors and passkeys there are', async (t) => {
    await giveApp(fastify, user.id, { required: false })
    await enrolPasskey(database, user.id)
    await enrolPasskey(database, user.id)
    await database.query(sql`UPDATE passkeys SET last_used_at = created_at, backup_eligible = true, name = '<My phone>'
      WHERE id = (SELECT id FROM passkeys ORDER BY created_at, id LIMIT 1)`)
    const ids = await database.query<{ id: string }>(sql`SELECT id FROM passkeys ORDER BY created_at, id`)
    const today = date.format(clock.now())
    const response = await browser.get(url)
    const { text } = readPage(response)
    t.match(
      text,
      `Authenticator app on Since ${today} Change Second step off Your password alone signs you in. Turn on Recovery codes 10 of 10 left Make new ones`
    )
    t.match(
      text,
      `Passkeys &lt;My phone&gt; synced Added ${today}, last used now Rename Delete Passkey one device Added ${today}, never used Rename Delete Add a passkey`
    )
    for (const { id } of ids) {
      t.match(response.body, `href="../pages/account/passkeys/rename?id=${id}"`)
      t.match(response.body, `href="../pages/account/passkeys/delete?id=${id}"`)
    }
    await database.query(sql`UPDATE users SET mfa_required = true, email_verified = true WHERE id = ${user.id}`)
    const { text: later } = readPage(await browser.get(url))
    t.match(later, 'Second step on After your password you are asked for one more step. Turn off')
    t.match(later, 'Email address confirmed ada@example.com Change')
  })

  await t.test('shows five sessions, and where all are', async (t) => {
    for (let count = 0; count < 4; count++) await post(fastify, '/login', { username: 'ada', password: PASSWORD })
    const { text } = readPage(await browser.get(url))
    t.notMatch(text, 'Show all sessions')
    await database.query(sql`UPDATE users SET mfa_required = false`)
    for (let count = 0; count < 4; count++) await post(fastify, '/login', { username: 'ada', password: PASSWORD })
    const response = await browser.get(url)
    t.match(response.body, '<a href="../pages/account/sessions">Show all sessions</a>')
    t.equal(response.body.match(/<bdi>lightMyRequest<\/bdi>/g)?.length, 5)
  })
})

test('GET /pages/account of an account with one name', async (t) => {
  const fastify = await build(t)
  const rows: [names: { username?: string; email?: string }, text: string][] = [
    [
      { username: 'grace' },
      'Username grace Change Email address None yet. With one you can replace a forgotten password. Add Signing in'
    ],
    [
      { email: 'grace@example.com' },
      'Username None yet. With one you can sign in without typing your address. Choose Email address not confirmed grace@example.com'
    ]
  ]
  for (const [names, text] of rows) {
    const { browser } = await browserOf(fastify, names)
    t.match(readPage(await browser.get(url)).text, text)
  }
})

test('GET /pages/account without mail and passkeys', async (t) => {
  const fastify = await build(t, { environment: { PUBLIC_URL: 'https://192.0.2.1', SMTP_URL: '', MAIL_FROM: '' } })
  const browser = createBrowser(fastify, 'https://192.0.2.1')
  await post(fastify, '/register', { email: 'ada@example.com', password: PASSWORD })
  await browser.submit('/pages/login', { name: 'ada@example.com', password: PASSWORD })
  const { text } = readPage(await browser.get(url))
  t.match(text, 'Email address not confirmed ada@example.com Signing in')
  t.notMatch(text, 'Passkeys')
})

test('GET /pages/account without a session', async (t) => {
  const fastify = await build(t)

  await t.test('leads to the sign-in, and back', async (t) => {
    const { statusCode, headers, body } = await fastify.inject(url)
    t.strictSame([statusCode, headers.location, body], [303, '../pages/login?return_to=%2Fpages%2Faccount', ''])
  })

  await t.test('says that the database cannot be reached', async (t) => {
    const { browser } = await browserOf(fastify, { username: 'ada' })
    const restore = cutOff(fastify)
    const response = await browser.get(url)
    restore()
    t.strictSame(readPage(response), {
      statusCode: 503,
      text: 'Your account The service is busy at the moment. Try again in 2 seconds.',
      inputs: []
    })
    t.equal(response.headers['retry-after'], '2')
  })

  await t.test('takes no form', async (t) => {
    const { statusCode, headers } = await fastify.inject({ method: 'POST', url })
    t.strictSame([statusCode, headers.allow], [405, 'GET, HEAD'])
  })
})

test('there is no page of the account where a frontend has it', async (t) => {
  const fastify = await build(t, { environment: { PAGES: 'off' } })
  for (const path of ['', '/username', '/email', '/email/resend', '/password', '/sessions', '/export', '/delete']) {
    t.equal((await fastify.inject(`${url}${path}`)).statusCode, 404, path)
  }
})
