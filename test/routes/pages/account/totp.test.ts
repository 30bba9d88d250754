import { test } from 'tap'
import { build, testClock } from '../../../helpers/app.ts'
import { readPage, unescapeHtml } from '../../../helpers/page.ts'
import { begin, guards } from '../../../helpers/page-factors.ts'
import { recorded } from '../../../helpers/passkeys.ts'
import { giveApp } from '../../../helpers/second-factor.ts'

const url = '/pages/account/totp'

test('the page of the authenticator app', async (t) => {
  const clock = testClock()
  const fastify = await build(t, { clock, environment: { SERVICE_NAME: 'Söhne & Co' } })

  await t.test('begins to set one up: the secret is in the answer to the form', async (t) => {
    const { browser, user } = await begin(fastify)
    await recorded(fastify)
    t.strictSame(readPage(await browser.get(url)), {
      statusCode: 200,
      text: [
        'Authenticator app An app on your phone shows six digits that change every 30 seconds.',
        'When you sign in with your password, you are asked for them as well.',
        'Any app for one-time codes will do. Many password managers are one.',
        'Set up an app Back to your account'
      ].join(' '),
      inputs: []
    })
    const begun = await browser.submit(url, {})
    const [, secret = ''] = /name="secret" value="([A-Z2-7]{32})"/.exec(begun.body) ?? []
    t.strictSame(readPage(begun), {
      statusCode: 200,
      text: [
        'Set up an authenticator app Scan this with the app, or type the secret into it.',
        `Secret ${secret.match(/.{4}/g)?.join(' ')} The app is on this device: open it`,
        'Code that the app shows Turn on Start again'
      ].join(' '),
      inputs: ['secret', 'totp']
    })
    const [, uri = ''] = /<a href="(otpauth:[^"]*)"/.exec(begun.body) ?? []
    t.equal(
      unescapeHtml(uri),
      `otpauth://totp/S%C3%B6hne%20%26%20Co:${user.username}?issuer=S%C3%B6hne%20%26%20Co&secret=${secret}`
    )
    t.match(begun.body, /<svg class="qr" role="img" aria-label="QR code" viewBox="0 0 \d+ \d+"/)
    t.match(begun.body, 'autocomplete="one-time-code" inputmode="numeric"')
    t.match(begun.body, '<form method="post" action="../../pages/account/totp/confirm">')
    t.notMatch(begun.body, / style=|<script/)
    t.match(begun.headers, { 'cache-control': 'no-store', 'referrer-policy': 'same-origin' })
    t.strictSame(await recorded(fastify), [], 'nothing has changed yet')
    t.not((await browser.submit(url, {})).body.includes(secret), true, 'each secret is new')
    t.notMatch((await browser.get(url)).body, /[A-Z2-7]{32}/, 'and is not shown again')
  })

  await t.test('says since when there is one, and offers to replace or remove it', async (t) => {
    const { browser, user } = await begin(fastify)
    await giveApp(fastify, user.id, { required: false })
    const today = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeZone: 'UTC' }).format(clock.now())
    const page = await browser.get(url)
    t.strictSame(readPage(page), {
      statusCode: 200,
      text: [
        `Authenticator app Your app was set up on ${today}.`,
        'If you have a new phone, set the app up there. The old one works until the new one does. You then get new recovery codes, and those that you have stop working.',
        'Replace the app Remove the app Back to your account'
      ].join(' '),
      inputs: []
    })
    t.match(page.body, '<a class="button danger" href="../../pages/account/totp/remove">')
    t.match(readPage(await browser.submit(url, {})), { statusCode: 200, text: /^Set up an authenticator app/ })
  })

  await guards(t, { fastify, clock, url, title: 'Authenticator app' })
})
