import { test } from 'tap'
import { sql } from '../../../../src/database/sql.ts'
import { build, cutOff, PASSWORD, post, testClock } from '../../../helpers/app.ts'
import { recorded } from '../../../helpers/enrolled.ts'
import { removePassword } from '../../../helpers/no-password.ts'
import { createBrowser, readPage, signalIn } from '../../../helpers/page.ts'
import { browserOf } from '../../../helpers/page-account.ts'
import { giveApp } from '../../../helpers/second-factor.ts'

const url = '/pages/account/delete'
const inputs = ['current_password']

test('/pages/account/delete', async (t) => {
  const fastify = await build(t)
  const { browser, user } = await browserOf(fastify, { username: 'ada' })

  await t.test('says what it does, and asks for the password', async (t) => {
    const response = await browser.get(url)
    t.strictSame(readPage(response), {
      statusCode: 200,
      text: 'Delete the account The account and all its data are deleted at once. It cannot be undone: download your data first if you want to keep it. Current password Delete the account Back to your account',
      inputs
    })
    t.match(response.body, '<button class="full danger">Delete the account</button>')
  })

  await t.test('says what is wrong', async (t) => {
    const cases: [fields: Record<string, string>, statusCode: number, text: RegExp][] = [
      [{}, 400, /Current password Fill this in\./],
      [{ current_password: 'wrong' }, 401, /Current password The password is wrong\./],
      [{ current_password: PASSWORD, really: 'yes' }, 400, /The form could not be read\./]
    ]
    for (const [fields, statusCode, text] of cases) {
      t.match(readPage(await browser.submit(url, fields)), { statusCode, text, inputs })
    }
    const restore = cutOff(fastify)
    const away = await browser.submit(url, { current_password: PASSWORD })
    restore()
    t.match(readPage(away), { statusCode: 503, text: /The service is busy at the moment\./, inputs })
    t.equal((await browser.get('/pages/account')).statusCode, 200)
  })

  await t.test('says that somebody else has to be an administrator first', async (t) => {
    const give = (...roles: string[]) =>
      fastify.database.open().query(sql`UPDATE users SET roles = ${roles} WHERE id = ${user.id}`)
    await give('admin')
    const response = await browser.submit(url, { current_password: PASSWORD })
    t.match(readPage(response), { statusCode: 409, text: /This account is the last administrator\./, inputs })
    await give()
  })

  await t.test('deletes the account, and removes the cookies of its session', async (t) => {
    await recorded(fastify)
    const response = await browser.submit(url, { current_password: PASSWORD })
    t.strictSame(readPage(response), {
      statusCode: 200,
      text: 'Your account is deleted Nobody can sign in to it any more. You can close this page.',
      inputs: []
    })
    t.strictSame(
      signalIn(response),
      {
        signal: 'signalAllAcceptedCredentials',
        rpId: 'localhost',
        userId: Buffer.from(user.id.replaceAll('-', ''), 'hex').toString('base64url'),
        allAcceptedCredentialIds: []
      },
      'the browser hides its passkeys'
    )
    t.match(response.body, '<script type="module" src="../../pages/assets/')
    t.notOk(browser.cookies.has('latchkey_session'))
    t.notOk(browser.cookies.has('refresh_token'))
    t.match(await recorded(fastify), [{ action: 'user deleted', account: user.id, session: String }])
    t.equal((await post(fastify, '/login', { username: 'ada', password: PASSWORD })).statusCode, 401)
    t.equal((await browser.get('/pages/account')).statusCode, 303)
  })
})

test('/pages/account/delete tells the browser nothing where there are no passkeys', async (t) => {
  const origin = 'http://192.0.2.1:3000'
  const fastify = await build(t, { environment: { PUBLIC_URL: origin } })
  const browser = createBrowser(fastify)
  await browser.submit('/pages/register', { username: 'ada', password: PASSWORD }, { origin })
  const response = await browser.submit(url, { current_password: PASSWORD }, { origin })
  t.match(readPage(response), { statusCode: 200, text: /^Your account is deleted/ })
  t.equal(signalIn(response), undefined)
  t.notMatch(response.body, '<script')
})

test('/pages/account/delete leads to the step-up first, if a second step is required', async (t) => {
  const clock = testClock()
  const fastify = await build(t, { clock })
  const { browser, user } = await browserOf(fastify, { username: 'ada' })
  await giveApp(fastify, user.id)
  // The session is from before: a password alone opened it.
  for (const response of [await browser.get(url), await browser.submit(url, { current_password: PASSWORD })]) {
    t.strictSame(
      [response.statusCode, response.headers.location],
      [303, '../../pages/step-up?return_to=%2Fpages%2Faccount%2Fdelete']
    )
  }
})

test('/pages/account/delete of an account without a password', async (t) => {
  const clock = testClock()
  const fastify = await build(t, { clock })
  const { browser, user } = await browserOf(fastify, { username: 'ada' })
  await removePassword(fastify, user.id)

  await t.test('asks for nothing but a fresh session', async (t) => {
    t.match(readPage(await browser.get(url)), { statusCode: 200, text: /^Delete the account/, inputs: { length: 0 } })
    const refused = await browser.submit(url, { really: 'yes' })
    t.match(readPage(refused), { statusCode: 400, text: /The form could not be read\./, inputs: { length: 0 } })
    clock.advance(601)
    for (const response of [await browser.get(url), await browser.submit(url, {})]) {
      t.strictSame(
        [response.statusCode, response.headers.location],
        [303, '../../pages/step-up?return_to=%2Fpages%2Faccount%2Fdelete']
      )
    }
  })

  await t.test('deletes it', async (t) => {
    const { browser, user } = await browserOf(fastify, { username: 'grace' })
    await removePassword(fastify, user.id)
    await recorded(fastify)
    t.match(readPage(await browser.submit(url, {})), { statusCode: 200, text: /^Your account is deleted/ })
    t.match(await recorded(fastify), [{ action: 'user deleted', account: user.id, session: String }])
  })
})
