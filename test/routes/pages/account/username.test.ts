import { test } from 'tap'
import { build, cutOff } from '../../../helpers/app.ts'
import { recorded } from '../../../helpers/enrolled.ts'
import { readPage, submit } from '../../../helpers/page.ts'
import { browserOf } from '../../../helpers/page-account.ts'

const url = '/pages/account/username'
const inputs = ['username']

test('/pages/account/username', async (t) => {
  const fastify = await build(t, { environment: { RESERVED_USERNAMES: 'admin' } })
  const { browser, user } = await browserOf(fastify, { username: 'ada' })
  await browserOf(fastify, { username: 'grace' })

  await t.test('asks for a username', async (t) => {
    const response = await browser.get(url)
    t.strictSame(readPage(response), {
      statusCode: 200,
      text: 'Choose a username You sign in with it. The old one becomes free for others after a while. Username Save the username Back to your account',
      inputs
    })
    t.match(response.body, '<form method="post" action="../../pages/account/username">')
    t.match(response.body, '<a href="../../pages/account">Back to your account</a>')
  })

  await t.test('says what is wrong with it, and keeps what was typed', async (t) => {
    const cases: [username: string, statusCode: number, text: RegExp][] = [
      ['', 400, /Check what is marked below\. Username Fill this in\./],
      [' ', 400, /Check what is marked below\. Username Fill this in\./],
      ['a b', 400, /Username Use 3 to 32 characters/],
      ['Grace', 409, /Check what is marked below\. Username This username is taken\./],
      ['admin', 409, /Username This username is taken\./]
    ]
    for (const [username, statusCode, text] of cases) {
      const response = await browser.submit(url, { username })
      t.match(readPage(response), { statusCode, text, inputs }, username)
      t.match(response.body, '<title>Error: Choose a username')
      if (username.trim()) t.match(response.body, `value="${username}"`)
    }
    const restore = cutOff(fastify)
    const away = await browser.submit(url, { username: 'lovelace' })
    restore()
    t.match(readPage(away), { statusCode: 503, text: /The service is busy at the moment\. Try again in 2 seconds\./ })
    t.match(away.body, 'value="lovelace"')
  })

  await t.test('changes it, without the blanks at its ends', async (t) => {
    await recorded(fastify)
    const { statusCode, headers, body } = await browser.submit(url, { username: ' \tAda.L\u2003' })
    t.strictSame([statusCode, headers.location, body], [303, '../../pages/account?done=username', ''])
    t.match(readPage(await browser.get('/pages/account?done=username')).text, /Your username was changed\. .* Ada\.L/)
    t.match(await recorded(fastify), [{ action: 'username changed', account: user.id, session: String }])
  })

  await t.test('leads to the sign-in without a session', async (t) => {
    for (const response of [await fastify.inject(url), await submit(fastify, url, { username: 'ada.x' })]) {
      t.strictSame(
        [response.statusCode, response.headers.location],
        [303, '../../pages/login?return_to=%2Fpages%2Faccount%2Fusername']
      )
    }
  })
})

test('/pages/account/username counts by client address', async (t) => {
  const fastify = await build(t, { environment: { LIMITS: 'on' } })
  const { browser, token } = await browserOf(fastify, { username: 'ada' })
  for (let count = 0; count < 30; count++) await browser.submit(url, { username: 'ada' })
  const response = await browser.submit(url, { username: 'lovelace' })
  t.match(readPage(response), {
    statusCode: 429,
    text: /There were too many attempts\. Try again in /,
    inputs
  })
  t.match(response.body, 'value="lovelace"')
  const { statusCode } = await fastify.inject({
    method: 'PATCH',
    url: '/me',
    headers: { authorization: `Bearer ${token}` },
    payload: { username: 'lovelace' }
  })
  t.equal(statusCode, 429)
})
