import { test } from 'tap'
import { sql } from '../../../../src/database/sql.ts'
import { bearer, build, cutOff, PASSWORD, post } from '../../../helpers/app.ts'
import { recorded } from '../../../helpers/enrolled.ts'
import { meanwhile } from '../../../helpers/meanwhile.ts'
import { hiddenOf, readPage } from '../../../helpers/page.ts'
import { browserOf } from '../../../helpers/page-account.ts'

const url = '/pages/account/sessions'
const TITLE = 'Where you are signed in'

test('/pages/account/sessions', async (t) => {
  const fastify = await build(t)
  const { browser, user, token } = await browserOf(fastify, { username: 'ada' })
  const eve = await browserOf(fastify, { username: 'eve' })
  const other = await browserOf(fastify, { username: 'grace' })
  const database = fastify.database.open()
  const isAlive = async (bearerToken: string) =>
    (await fastify.inject({ url: '/me', headers: bearer(bearerToken) })).statusCode === 200

  await t.test('shows all sessions', async (t) => {
    for (let count = 0; count < 6; count++) await post(fastify, '/login', { username: 'ada', password: PASSWORD })
    const response = await browser.get(`${url}?done=session`)
    t.match(readPage(response), {
      statusCode: 200,
      text: /^Where you are signed in The session has ended\. lightMyRequest this one .* Sign out Sign out everywhere else Back to your account$/,
      inputs: Array(7).fill('session')
    })
  })

  await t.test('ends one of them', async (t) => {
    const { sid } = await fastify.tokens.verify(token)
    await recorded(fastify)
    const { statusCode, headers } = await browser.submit(url, { session: sid })
    t.strictSame([statusCode, headers.location], [303, '../../pages/account?done=session'])
    t.notOk(await isAlive(token))
    t.match(await recorded(fastify), [{ action: 'session ended', account: user.id, session: sid }])
    t.match(readPage(await browser.submit(url, { session: sid })), {
      statusCode: 404,
      text: `${TITLE} It is not there any more. Back to your account`
    })
  })

  await t.test('refuses those of others, and what is none', async (t) => {
    const { sid } = await fastify.tokens.verify(eve.token)
    const cases: [session: string, statusCode: number, text: RegExp][] = [
      [sid, 404, /It is not there any more\./],
      ['x', 400, /The form could not be read\./]
    ]
    for (const [session, statusCode, text] of cases) {
      t.match(readPage(await browser.submit(url, { session })), { statusCode, text }, session)
    }
    t.ok(await isAlive(eve.token))
    const restore = cutOff(fastify)
    const away = await browser.submit(url, {})
    restore()
    t.match(readPage(away), { statusCode: 503, text: /^Where you are signed in The service is busy at the moment\./ })
  })

  await t.test('ends nothing in the name of a session that ends meanwhile', async (t) => {
    const { browser: late } = await browserOf(fastify, { username: 'late' })
    meanwhile(fastify, 1, () =>
      database.query(sql`UPDATE sessions SET ended_at = now(), end_reason = 'logged out'
      WHERE page_hash IS NOT NULL AND user_id = (SELECT id FROM users WHERE username = 'late')`)
    )
    t.strictSame(readPage(await late.submit(url, {})), {
      statusCode: 401,
      text: 'Sign in You have been signed out. Nothing was changed. Sign in',
      inputs: []
    })
    const [left] = await database.query(sql`SELECT count(*)::int FROM sessions
      WHERE ended_at IS NULL AND user_id = (SELECT id FROM users WHERE username = 'late')`)
    t.strictSame(left, { count: 1 })
  })

  await t.test('ends all others', async (t) => {
    const { statusCode, headers } = await browser.submit(url, {})
    t.strictSame([statusCode, headers.location], [303, '../../pages/account?done=sessions'])
    const page = readPage(await browser.get('/pages/account?done=sessions'))
    t.match(page, { statusCode: 200, text: /You are signed out everywhere else\./, inputs: { length: 0 } })
    t.notMatch(page.text, 'Sign out everywhere else')
    t.ok(await isAlive(eve.token))
  })

  await t.test('ends the current one, and leads to the sign-in', async (t) => {
    const before = await database.query<{ id: string }>(
      sql`SELECT id FROM sessions WHERE user_id = ${other.user.id} AND page_hash IS NOT NULL`
    )
    const response = await other.browser.submit(url, { session: String(before[0]?.id) })
    t.strictSame([response.statusCode, response.headers.location], [303, '../../pages/login'])
    t.notOk(other.browser.cookies.has('latchkey_session'))
    t.notOk(other.browser.cookies.has('refresh_token'))
    t.equal((await other.browser.get(url)).statusCode, 303)
  })

  await t.test('shows each with the id that ends it, and comes back', async (t) => {
    await post(fastify, '/login', { username: 'ada', password: PASSWORD })
    const response = await browser.get(url)
    t.match(response.body, 'action="../../pages/account/sessions?from=list"')
    const ended = await browser.submit(`${url}?from=list`, { session: String(hiddenOf(response, 'session')) })
    t.strictSame([ended.statusCode, ended.headers.location], [303, '../../pages/account/sessions?done=session'])
    t.strictSame(readPage(await browser.get(url)).inputs, [])
  })
})
