import { test } from 'tap'
import { build, testClock } from '../../../../helpers/app.ts'
import { enrolPasskey } from '../../../../helpers/enrolled.ts'
import { readPage } from '../../../../helpers/page.ts'
import { signInOnPage } from '../../../../helpers/page-account.ts'
import { begin, guards, redirect, redirectOf } from '../../../../helpers/page-factors.ts'
import { recorded } from '../../../../helpers/passkeys.ts'
import { giveApp } from '../../../../helpers/second-factor.ts'

const url = '/pages/account/totp/remove'
const REMOVED = redirect('../../../pages/account?done=totp-removed')

test('the page that removes the authenticator app', async (t) => {
  const clock = testClock()
  const fastify = await build(t, { clock })

  await t.test('asks once more, and removes it', async (t) => {
    const { browser, user } = await begin(fastify)
    await giveApp(fastify, user.id, { required: false })
    t.strictSame(readPage(await browser.get(url)), {
      statusCode: 200,
      text: [
        'Remove the authenticator app?',
        'You will no longer be asked for its code. Delete the entry in the app as well.',
        'Remove the app Back to your account'
      ].join(' '),
      inputs: []
    })
    await recorded(fastify)
    t.strictSame(redirectOf(await browser.submit(url, {})), REMOVED)
    t.match(await recorded(fastify), [{ action: 'totp removed', account: user.id }])
    t.match(readPage(await browser.get('/pages/account?done=totp-removed')).text, /The authenticator app was removed\./)
  })

  await t.test('says what else goes, if it is the only second step', async (t) => {
    const { browser, user } = await begin(fastify)
    const app = await giveApp(fastify, user.id)
    await signInOnPage(browser, { username: user.username })
    await browser.submit('/pages/step-up', { totp: app.code(1) })
    const last =
      /You have no other second step: your password alone then signs you in, and your recovery codes are void\./
    t.match(readPage(await browser.get(url)).text, last)
    await enrolPasskey(fastify.database.open(), user.id)
    t.notMatch(readPage(await browser.get(url)).text, last)
    t.strictSame(redirectOf(await browser.submit(url, {})), REMOVED)
  })

  await t.test('has nothing to ask if there is none, and is content if it is gone', async (t) => {
    const { browser } = await begin(fastify)
    t.strictSame(redirectOf(await browser.get(url)), redirect('../../../pages/account/totp'))
    t.strictSame(redirectOf(await browser.submit(url, {})), REMOVED)
  })

  await guards(t, { fastify, clock, url, title: 'Remove the authenticator app' })
})
