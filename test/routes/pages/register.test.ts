import { test } from 'tap'
import { sql } from '../../../src/database/sql.ts'
import { Problem } from '../../../src/errors.ts'
import { build, cutOff, PASSWORD, post } from '../../helpers/app.ts'
import { recorded } from '../../helpers/enrolled.ts'
import { letters, waiting } from '../../helpers/letters.ts'
import { createBrowser, hiddenOf, readPage, submit } from '../../helpers/page.ts'

const SMTP = { SMTP_URL: 'smtp://127.0.0.1:9', MAIL_FROM: 'no-reply@example.com' }
const url = '/pages/register'
const INPUTS = ['email', 'username', 'password']

test('the page on which people register', async (t) => {
  const fastify = await build(t, { environment: { ...SMTP, CORS_ORIGINS: 'https://app.example.com' } })

  await t.test('asks for a name and a password', async (t) => {
    t.strictSame(readPage(await fastify.inject(url)), {
      statusCode: 200,
      text: 'Create an account Email address (optional) An address or a username is enough. Username (optional) Password At least 8 characters. A few words that you can remember are good. Create the account I have an account',
      inputs: INPUTS
    })
  })

  await t.test('makes an account with either name, signs in, and leads on', async (t) => {
    const rows: [fields: Record<string, string>, login: object][] = [
      [{ username: ' ada ' }, { username: 'ada' }],
      [{ email: ' grace@example.com ' }, { email: 'grace@example.com' }],
      [{ username: 'eve', email: 'eve@example.com' }, { username: 'eve' }]
    ]
    for (const [fields, login] of rows) {
      await recorded(fastify)
      const browser = createBrowser(fastify)
      const made = await browser.submit(url, { username: '', email: '', ...fields, password: PASSWORD })
      t.strictSame([made.statusCode, made.headers.location], [303, '../pages/account'])
      t.ok(browser.cookies.has('latchkey_session') && browser.cookies.has('refresh_token'))
      t.equal((await post(fastify, '/login', { ...login, password: PASSWORD })).statusCode, 200)
      t.match(
        (await recorded(fastify)).map(({ action }) => action),
        ['registered', 'login', 'login']
      )
    }
    t.match(
      (await letters(fastify)).map(({ template, recipient }) => [template, recipient]),
      [
        ['verify-email', 'grace@example.com'],
        ['verify-email', 'eve@example.com']
      ]
    )
  })

  await t.test('leads back to where the user came from', async (t) => {
    const return_to = 'https://app.example.com/start'
    const shown = await fastify.inject(`${url}?return_to=${encodeURIComponent(return_to)}`)
    t.equal(hiddenOf(shown, 'return_to'), return_to)
    t.match(shown.body, `pages/login?return_to=${encodeURIComponent(return_to)}`)
    const made = await submit(fastify, url, { username: 'lovelace', password: PASSWORD, return_to })
    t.match(made.body, `<meta http-equiv="refresh" content="0; url=${return_to}">`)
  })

  await t.test('says at the field what is wrong, and keeps the rest', async (t) => {
    const rows: [fields: Record<string, string>, statusCode: number, text: RegExp][] = [
      [{ password: PASSWORD }, 400, /^Create an account Enter an email address, a username, or both\./],
      [{ username: 'ADA', password: PASSWORD }, 409, /Username \(optional\) This username is taken\./],
      [
        { email: 'grace@example.com', password: PASSWORD },
        409,
        /Email address \(optional\) Another account uses this address\./
      ],
      [{ username: 'a"', password: PASSWORD }, 400, /Use 3 to 32 characters/],
      [{ email: 'nobody@', password: PASSWORD }, 400, /Enter a complete email address/],
      [{ username: 'new-name' }, 400, /Password Fill this in\./],
      [{ username: 'new-name', password: 'short' }, 400, /must have at least 8 characters/],
      [{ username: 'new-name', password: 'password' }, 400, /on a list of common ones/],
      [{ username: 'new-name-1', password: 'new-name-1' }, 400, /must not be your name or address/],
      [{ username: 'new-name', password: PASSWORD, admin: 'true' }, 400, /The form could not be read\./]
    ]
    for (const [fields, statusCode, text] of rows) {
      const response = await submit(fastify, url, fields)
      t.match(readPage(response), { statusCode, text, inputs: INPUTS }, JSON.stringify(fields))
      t.notOk(response.headers['set-cookie'])
      t.notMatch(response.body, /type="password"[^>]* value=/)
      const { username, email } = fields
      if (username) t.match(response.body, `value="${username.replace('"', '&quot;')}"`)
      if (email) t.match(response.body, `value="${email}"`)
    }
    t.equal((await fastify.database.open().query(sql`SELECT FROM users WHERE username LIKE 'new%'`)).length, 0)
  })

  await t.test('says that a form could not be read', async (t) => {
    const headers = { origin: 'http://127.0.0.1:3000', 'content-type': 'text/plain' }
    const plain = await fastify.inject({ method: 'POST', url, headers, payload: 'username=ada' })
    const doubled = await submit(fastify, url, 'username=a&username=b')
    t.match(readPage(plain), {
      statusCode: 415,
      text: /^Create an account The form could not be read\./,
      inputs: INPUTS
    })
    t.match(readPage(doubled), { statusCode: 400, text: /^Create an account The form could not be read\./ })
  })

  await t.test('keeps what was typed while the database is unavailable', async (t) => {
    const restore = cutOff(fastify)
    const refused = await submit(fastify, url, { username: 'new-name', email: 'new@example.com', password: PASSWORD })
    const shown = await fastify.inject(url)
    restore()
    t.match(readPage(refused), { statusCode: 503, text: /^Create an account The service is busy/, inputs: INPUTS })
    t.match(refused.body, 'value="new-name"')
    t.match(refused.body, 'value="new@example.com"')
    t.equal(shown.statusCode, 200)
  })

  await t.test('leads to the sign-in where the account was made and the session was not', async (t) => {
    const { withPassword } = fastify.signIn
    fastify.signIn.withPassword = () => Promise.reject(new Problem('OVERLOADED'))
    const made = await submit(fastify, url, { username: 'hopper', password: PASSWORD })
    const return_to = 'https://app.example.com/start?a=b&c'
    const back = await submit(fastify, url, { username: 'noether', password: PASSWORD, return_to })
    fastify.signIn.withPassword = () => Promise.reject(new Error('a fault of ours'))
    const failed = await submit(fastify, url, { username: 'curie', password: PASSWORD })
    fastify.signIn.withPassword = withPassword
    t.strictSame([made.statusCode, made.headers.location], [303, '../pages/login?done=account'])
    const ready = readPage(await fastify.inject('/pages/login?done=account'))
    t.match(ready.text, /^Sign in Your account is ready\. Sign in now\. Email or username /)
    const query = new URLSearchParams({ return_to })
    t.strictSame(
      [back.statusCode, back.headers.location],
      [303, `../pages/login?${query}&done=account`],
      'with where to go on'
    )
    t.match(readPage(failed), { statusCode: 500, text: /^Create an account Something went wrong on our side\./ })
    t.equal((await post(fastify, '/login', { username: 'hopper', password: PASSWORD })).statusCode, 200)
  })
})

test('where an address must be verified, the page asks for it, and signs in nobody', async (t) => {
  const fastify = await build(t, { environment: { ...SMTP, REQUIRE_VERIFIED_EMAIL: 'on' } })
  t.match(readPage(await fastify.inject(url)).text, /^Create an account Email address Username \(optional\) Password/)
  const without = await submit(fastify, url, { username: 'ada', password: PASSWORD })
  t.match(readPage(without), { statusCode: 400, text: /Email address Fill this in\./ })
  const made = await submit(fastify, url, { email: 'ada@example.com', password: PASSWORD })
  t.strictSame(readPage(made), {
    statusCode: 200,
    text: 'Look into your mailbox Confirm your address with the link in the mail that we have sent you, then sign in. Sign in Send another mail',
    inputs: []
  })
  t.notOk(made.headers['set-cookie'])
  t.match(await letters(fastify), [{ template: 'verify-email', recipient: 'ada@example.com' }])
})

test('registrations are counted with those at the API', async (t) => {
  const fastify = await build(t, { environment: { LIMITS: 'on' } })
  let refused = await submit(fastify, url, { username: 'a', password: PASSWORD })
  for (let index = 0; index < 100 && refused.statusCode !== 429; index += 1) {
    refused = await submit(fastify, url, { username: `ada${index}`, password: 'short' })
  }
  t.match(readPage(refused), { statusCode: 429, text: /There were too many attempts\. Try again in / })
  t.equal((await post(fastify, '/register', { username: 'grace', password: PASSWORD })).statusCode, 429)
})

test('the page on which a registration begins where accounts are hidden', async (t) => {
  const CORS_ORIGINS = 'https://app.example.com'
  const fastify = await build(t, { environment: { ...SMTP, CORS_ORIGINS, HIDE_ACCOUNTS: 'on' } })
  t.strictSame(readPage(await fastify.inject(url)), {
    statusCode: 200,
    text: 'Create an account We send you a mail with a link to finish your registration. Email address Send the mail I have an account',
    inputs: ['email']
  })
  t.strictSame(readPage(await submit(fastify, url, { email: 'ada@example.com' })), {
    statusCode: 200,
    text: 'Look into your mailbox If a mail can be sent to that address, it is on its way. If none comes, look in the spam folder, or try another address. I have an account',
    inputs: []
  })
  t.match(await waiting(fastify), [{ kind: 'registration asked', recipient: 'ada@example.com' }])

  const query = new URLSearchParams({ return_to: 'https://app.example.com/start?a=b&c' })
  const back = `<a href="../pages/login?${query}">I have an account</a>`
  const shown = await fastify.inject(`${url}?${query}`)
  t.match(shown.body, back)
  const return_to = String(hiddenOf(shown, 'return_to'))
  t.equal(return_to, query.get('return_to'))
  t.match((await submit(fastify, url, { email: 'grace@example.com', return_to })).body, back)
  const refused = await submit(fastify, url, { email: 'grace', return_to })
  t.match(refused.body, back)
  t.strictSame([refused.statusCode, hiddenOf(refused, 'return_to')], [400, return_to])
  const evil = new URLSearchParams({ return_to: 'https://evil.example' })
  t.match(readPage(await fastify.inject(`${url}?${evil}`)), { statusCode: 400, text: /^That did not work / })
  const sent = { email: 'evil@example.com', return_to: 'https://evil.example' }
  t.match(readPage(await submit(fastify, url, sent)), { statusCode: 400, text: /^That did not work / })
  t.strictSame(
    (await waiting(fastify)).map(({ recipient }) => recipient),
    ['ada@example.com', 'grace@example.com']
  )
})

test('where accounts are hidden and no mail is sent, nobody can register', async (t) => {
  const environment = { HIDE_ACCOUNTS: 'on', PUBLIC_URL: 'https://auth.example.com', SMTP_URL: '', MAIL_FROM: '' }
  const fastify = await build(t, { environment })
  t.equal((await fastify.inject(url)).statusCode, 404)
})
