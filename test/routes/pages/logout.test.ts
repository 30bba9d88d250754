import { test } from 'tap'
import { build, cutOff, PASSWORD, signIn } from '../../helpers/app.ts'
import { createBrowser, readPage } from '../../helpers/page.ts'

const url = '/pages/logout'
const DONE = { statusCode: 200, text: 'You are signed out. Sign in', inputs: [] }

test('the page that signs out', async (t) => {
  const fastify = await build(t)
  await signIn(fastify, { username: 'ada' })
  const signedIn = async () => {
    const browser = createBrowser(fastify)
    await browser.submit('/pages/login', { name: 'ada', password: PASSWORD })
    return browser
  }

  await t.test('names the account, and changes nothing until its form is sent', async (t) => {
    const browser = await signedIn()
    for (let times = 0; times < 2; times += 1) {
      t.strictSame(readPage(await browser.get(url)), {
        statusCode: 200,
        text: 'Sign out You are signed in as ada. Sign out',
        inputs: []
      })
    }
    t.strictSame(readPage(await browser.submit(url, {})), DONE)
    t.notOk(browser.cookies.has('latchkey_session') || browser.cookies.has('refresh_token'))
    t.strictSame(readPage(await browser.get(url)), { statusCode: 200, text: 'Sign out Sign out', inputs: [] })
  })

  await t.test('has one answer, whether or not anybody is signed in', async (t) => {
    const browser = createBrowser(fastify)
    t.strictSame(readPage(await browser.submit(url, {})), DONE)
  })

  await t.test('keeps the session where it refuses', async (t) => {
    const browser = await signedIn()
    const unknown = await browser.submit(url, { x: 'y' })
    t.match(readPage(unknown), { statusCode: 400, text: /^Sign out The form could not be read\./ })
    const foreign = await browser.submit(url, {}, { origin: 'https://evil.example' })
    t.match(readPage(foreign), { statusCode: 403, text: /This form did not come from our own page/ })
    const restore = cutOff(fastify)
    const unavailable = await browser.submit(url, {})
    const shown = await browser.get(url)
    restore()
    for (const response of [unavailable, shown]) {
      t.match(readPage(response), { statusCode: 503, text: /^Sign out The service is busy at the moment\./ })
      t.notOk(response.headers['set-cookie'])
    }
    t.match(readPage(await browser.get(url)).text, 'signed in as ada')
  })
})
