import { test } from 'tap'
import { sql } from '../../../../../src/database/sql.ts'
import { build, cutOff, testClock } from '../../../../helpers/app.ts'
import { appOf } from '../../../../helpers/enrolled.ts'
import { hiddenOf, readPage } from '../../../../helpers/page.ts'
import { signInOnPage } from '../../../../helpers/page-account.ts'
import { begin, guards, redirect, redirectOf } from '../../../../helpers/page-factors.ts'
import { recorded } from '../../../../helpers/passkeys.ts'

const url = '/pages/account/totp/confirm'
type Browser = Awaited<ReturnType<typeof begin>>['browser']

const secretFor = async (browser: Browser) =>
  String(hiddenOf(await browser.submit('/pages/account/totp', {}), 'secret'))

test('the page that confirms an authenticator app', async (t) => {
  const clock = testClock()
  const fastify = await build(t, { clock })

  await t.test('takes the first code, and shows the recovery codes once', async (t) => {
    const { browser, user } = await begin(fastify)
    const secret = await secretFor(browser)
    const code = appOf(secret, { clock })()
    await recorded(fastify)
    const confirmed = await browser.submit(url, { secret, totp: ` ${code.slice(0, 3)} ${code.slice(3)}` })
    const codes = [...confirmed.body.matchAll(/<li>([0-9a-z]{5}-[0-9a-z]{5})<\/li>/g)].map(([, each]) => String(each))
    t.equal(codes.length, 10)
    t.strictSame(readPage(confirmed), {
      statusCode: 200,
      text: [
        'The authenticator app is set up. Your recovery codes',
        'Write them down, or keep them in a password manager.',
        'Each signs you in once when you have lost your phone. They are shown only now.',
        ...codes,
        'I have saved them'
      ].join(' '),
      inputs: []
    })
    t.match(confirmed.headers, { 'cache-control': 'no-store' })
    t.match(
      (await recorded(fastify)).map((record) => (record as { action: string }).action),
      ['totp added', 'second step required', 'recovery codes made']
    )
    const next = await signInOnPage(browser, { username: user.username })
    t.match(readPage(next), { statusCode: 200, text: /^One more step/ })
    const step = { mfa_token: String(hiddenOf(next, 'mfa_token')), challenge: String(hiddenOf(next, 'challenge')) }
    const recovered = await browser.submit('/pages/login/mfa', { ...step, recovery_code: String(codes[0]) })
    t.strictSame(redirectOf(recovered), redirect('../../pages/account'))
  })

  await t.test('shows the secret again after a code that does not fit', async (t) => {
    const { browser } = await begin(fastify)
    const secret = await secretFor(browser)
    const wrong =
      'This code is wrong. Take the one that the app shows now, and see that the clock of your phone is right.'
    const rows: [what: string, totp: string, statusCode: number, fault: string][] = [
      ['a wrong one', appOf(secret, { clock })(20), 401, wrong],
      ['five digits', '12345', 400, 'Enter the six digits that the app shows.'],
      ['no digits', 'abcdef', 400, 'Enter the six digits that the app shows.'],
      ['nothing', '', 400, 'Fill this in.']
    ]
    for (const [what, totp, statusCode, fault] of rows) {
      const refused = await browser.submit(url, { secret, totp })
      t.strictSame(
        readPage(refused),
        {
          statusCode,
          text: [
            'Set up an authenticator app Scan this with the app, or type the secret into it.',
            `Secret ${secret.match(/.{4}/g)?.join(' ')} The app is on this device: open it`,
            `Check what is marked below. Code that the app shows ${fault} Turn on Start again`
          ].join(' '),
          inputs: ['secret', 'totp']
        },
        what
      )
      t.match(refused.body, 'aria-invalid="true" aria-describedby="totp-fault" autofocus')
      t.equal(hiddenOf(refused, 'secret'), secret)
    }
    const done = await browser.submit(url, { secret, totp: appOf(secret, { clock })() })
    t.match(readPage(done), { statusCode: 200, text: /^The authenticator app is set up/ })
  })

  await t.test('shows the secret again while the database is unavailable', async (t) => {
    const { browser } = await begin(fastify)
    const secret = await secretFor(browser)
    const totp = appOf(secret, { clock })()
    const comeBack = cutOff(fastify)
    const away = await browser.submit(url, { secret, totp })
    comeBack()
    t.strictSame(readPage(away), {
      statusCode: 503,
      text: [
        'Set up an authenticator app Scan this with the app, or type the secret into it.',
        `Secret ${secret.match(/.{4}/g)?.join(' ')}`,
        'The service is busy at the moment. Try again in 2 seconds. Code that the app shows Turn on Start again'
      ].join(' '),
      inputs: ['secret', 'totp']
    })
    t.equal(hiddenOf(away, 'secret'), secret)
    t.notMatch(away.body, '<svg')
    t.match(readPage(await browser.submit(url, { secret, totp })), {
      statusCode: 200,
      text: /^The authenticator app is set up/
    })
  })

  await t.test('takes only the newest secret, and none that has waited too long', async (t) => {
    const { browser, user } = await begin(fastify)
    const [first, second] = [await secretFor(browser), await secretFor(browser)]
    t.match(readPage(await browser.submit(url, { secret: first, totp: appOf(first, { clock })() })), {
      statusCode: 401,
      text: /This code is wrong/
    })
    await fastify.database
      .open()
      .query(sql`UPDATE totp SET pending_until = now() - interval '1 day' WHERE user_id = ${user.id}`)
    t.match(readPage(await browser.submit(url, { secret: second, totp: appOf(second, { clock })() })), {
      statusCode: 401,
      text: /This code is wrong.*Start again$/
    })
  })

  await t.test('asks to start again if the form has lost the secret', async (t) => {
    const { browser } = await begin(fastify)
    for (const secret of ['', 'short', `${'A'.repeat(31)}1`, '<b>']) {
      const lost = await browser.submit(url, { secret, totp: '123456' })
      t.strictSame(readPage(lost), {
        statusCode: 400,
        text: 'Set up an authenticator app The form could not be read. Open the page again, and send the form from there. Start again',
        inputs: []
      })
      t.match(lost.body, 'href="../../../pages/account/totp"')
    }
  })

  await t.test('leads to the page before it if it is opened', async (t) => {
    const { browser } = await begin(fastify)
    t.strictSame(redirectOf(await browser.get(url)), redirect('../../../pages/account/totp'))
    const comeBack = cutOff(fastify)
    const away = await browser.get(url)
    comeBack()
    t.match(readPage(away), { statusCode: 503, text: /^Set up an authenticator app The service is busy/ })
  })

  await t.test('confirms once, of many at once', async (t) => {
    const { browser } = await begin(fastify)
    const secret = await secretFor(browser)
    const totp = appOf(secret, { clock })()
    const answers = await Promise.all(Array.from({ length: 6 }, () => browser.submit(url, { secret, totp })))
    t.strictSame(answers.map(({ statusCode }) => statusCode).sort(), [200, 401, 401, 401, 401, 401])
  })

  await guards(t, {
    fastify,
    clock,
    url,
    title: 'Set up an authenticator app',
    fields: { secret: 'A'.repeat(32), totp: '123456' },
    opens: false
  })
})
