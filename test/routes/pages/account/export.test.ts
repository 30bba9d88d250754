import { test } from 'tap'
import { build, cutOff } from '../../../helpers/app.ts'
import { recorded } from '../../../helpers/enrolled.ts'
import { readPage } from '../../../helpers/page.ts'
import { browserOf } from '../../../helpers/page-account.ts'

const url = '/pages/account/export'

test('/pages/account/export', async (t) => {
  const fastify = await build(t)
  const { browser, user } = await browserOf(fastify, { username: 'ada' })

  await t.test('offers the data', async (t) => {
    t.strictSame(readPage(await browser.get(url)), {
      statusCode: 200,
      text: 'Download your data All that is stored about you here, as a JSON file. Download Back to your account',
      inputs: []
    })
  })

  await t.test('sends the data as a file', async (t) => {
    await recorded(fastify)
    const response = await browser.submit(url, {})
    t.equal(response.statusCode, 200)
    t.match(response.headers, {
      'content-type': 'application/json; charset=utf-8',
      'content-disposition': `attachment; filename="account-${user.id}.json"`,
      'cache-control': 'no-store',
      'content-security-policy': /sandbox/
    })
    t.match(response.json(), { user: { id: user.id, username: 'ada' }, sessions: [{}, {}] })
    t.match(await recorded(fastify), [{ action: 'data exported', account: user.id, session: String }])
  })

  await t.test('says what was refused', async (t) => {
    t.match(readPage(await browser.submit(url, { all: 'x' })), {
      statusCode: 400,
      text: /^Download your data The form could not be read\..* Back to your account$/
    })
    const restore = cutOff(fastify)
    const away = await browser.submit(url, {})
    restore()
    t.match(readPage(away), { statusCode: 503, text: /^Download your data The service is busy at the moment\./ })
  })
})
