import { test } from 'tap'
import { sql } from '../../../../../src/database/sql.ts'
import { build, cutOff } from '../../../../helpers/app.ts'
import { recorded } from '../../../../helpers/enrolled.ts'
import { letters } from '../../../../helpers/letters.ts'
import { readPage } from '../../../../helpers/page.ts'
import { browserOf } from '../../../../helpers/page-account.ts'

const url = '/pages/account/email/resend'

test('/pages/account/email/resend', async (t) => {
  const fastify = await build(t)
  const { browser } = await browserOf(fastify, { email: 'ada@example.com' })
  await letters(fastify)
  await recorded(fastify)

  await t.test('sends the mail to the address of the account', async (t) => {
    const { statusCode, headers } = await browser.submit(url, {})
    t.strictSame([statusCode, headers.location], [303, '../../../pages/account?done=mail'])
    t.match(await letters(fastify), [{ template: 'verify-email', recipient: 'ada@example.com' }])
    t.match(await recorded(fastify), [{ action: 'mail asked', detail: { reason: 'verification' } }])
    const { text } = readPage(await browser.get('/pages/account?done=mail'))
    t.match(text, 'If your address is not confirmed yet, another mail is on its way.')
  })

  await t.test('is no page by itself', async (t) => {
    const { statusCode, headers } = await browser.get(url)
    t.strictSame([statusCode, headers.location], [303, '../../../pages/account'])
  })

  await t.test('says what was refused', async (t) => {
    t.match(readPage(await browser.submit(url, { email: 'eve@example.com' })), {
      statusCode: 400,
      text: 'Send the mail again The form could not be read. Open the page again, and send the form from there. Back to your account'
    })
    const restore = cutOff(fastify)
    const away = await browser.submit(url, {})
    restore()
    t.match(readPage(away), { statusCode: 503, text: /The service is busy at the moment\./ })
    t.strictSame(await letters(fastify), [])
  })

  await t.test('sends nothing to an address that is confirmed, and none without an address', async (t) => {
    const database = fastify.database.open()
    await database.query(sql`UPDATE users SET email_verified = true`)
    t.equal((await browser.submit(url, {})).headers.location, '../../../pages/account?done=mail')
    await database.query(sql`UPDATE users SET email = NULL, username = 'ada', email_verified = false`)
    t.equal((await browser.submit(url, {})).headers.location, '../../../pages/account')
    t.strictSame(await letters(fastify), [])
  })
})
