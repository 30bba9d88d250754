import { randomUUID } from 'node:crypto'
import { test } from 'tap'
import { listPasskeys } from '../../../../../src/factors/passkeys.ts'
import { build, cutOff, testClock } from '../../../../helpers/app.ts'
import { createBrowser, readPage } from '../../../../helpers/page.ts'
import { addOnPage, begin, redirect, redirectOf } from '../../../../helpers/page-factors.ts'
import { recorded } from '../../../../helpers/passkeys.ts'

const page = '/pages/account/passkeys/rename'
const LIST = '../../../pages/account/passkeys'
const GONE = 'Passkeys This passkey was deleted already. All passkeys'

test('the page that renames a passkey', async (t) => {
  const clock = testClock()
  const fastify = await build(t, { clock })
  const { browser, user } = await begin(fastify)
  await addOnPage(browser, { name: 'My phone' })
  const list = () => listPasskeys(fastify.database.open(), user.id)
  const [{ id = '' } = {}] = await list()
  const url = `${page}?id=${id}`

  await t.test('shows its name, and stores the new one, however long ago the user has signed in', async (t) => {
    clock.advance(700)
    const shown = await browser.get(url)
    t.strictSame(readPage(shown), {
      statusCode: 200,
      text: 'Rename the passkey Name Save the name All passkeys',
      inputs: ['name']
    })
    t.match(shown.body, 'value="My phone" required>')
    t.match(shown.body, `<form method="post" action="../../../pages/account/passkeys/rename?id=${id}">`)
    await recorded(fastify)
    const renamed = await browser.submit(url, { name: '  Ada’s "phone"  ' })
    t.strictSame(redirectOf(renamed), redirect(`${LIST}?done=passkey-renamed`))
    t.match(await list(), [{ name: 'Ada’s "phone"' }])
    t.match(await recorded(fastify), [{ action: 'passkey renamed', account: user.id, detail: null }])
    t.match((await browser.get(url)).body, 'value="Ada’s &quot;phone&quot;"')
  })

  await t.test('shows the form again if the name does not fit', async (t) => {
    const rows: [name: string, fault: string, kept: string][] = [
      ['', 'Fill this in.', ''],
      ['   ', 'Fill this in.', ''],
      ['x'.repeat(65), 'Use 64 characters at most.', ` value="${'x'.repeat(65)}"`],
      ['one\ntwo', 'Use 64 characters at most.', ' value="one\ntwo"']
    ]
    for (const [name, fault, kept] of rows) {
      const refused = await browser.submit(url, { name })
      t.strictSame(readPage(refused), {
        statusCode: 400,
        text: `Rename the passkey Check what is marked below. Name ${fault} Save the name All passkeys`,
        inputs: ['name']
      })
      t.match(refused.body, `autocomplete="off"${kept} required aria-invalid="true"`)
      t.match(refused.body, `action="../../../pages/account/passkeys/rename?id=${id}"`)
    }
  })

  await t.test('knows only passkeys of the account', async (t) => {
    const other = await begin(fastify)
    await addOnPage(other.browser, { name: 'Not yours' })
    const [{ id: foreign = '' } = {}] = await listPasskeys(fastify.database.open(), other.user.id)
    for (const query of ['', '?id=', '?id=x', `?id=${id}&id=${id}`, `?id=${randomUUID()}`, `?id=${foreign}`]) {
      t.strictSame(redirectOf(await browser.get(`${page}${query}`)), redirect(LIST), query)
      const refused = await browser.submit(`${page}${query}`, { name: 'Mine now' })
      t.strictSame(readPage(refused), { statusCode: 404, text: GONE, inputs: [] }, query)
    }
    t.match(await listPasskeys(fastify.database.open(), other.user.id), [{ name: 'Not yours' }])
  })

  await t.test('leads to the sign-in without a session, and back', async (t) => {
    const stranger = createBrowser(fastify)
    const expected = redirect(`../../../pages/login?${new URLSearchParams({ return_to: url })}`)
    t.strictSame(redirectOf(await stranger.get(url)), expected)
    t.strictSame(redirectOf(await stranger.submit(url, { name: 'x' })), expected)
  })

  await t.test('keeps the name while the database is away', async (t) => {
    const comeBack = cutOff(fastify)
    const away = await browser.submit(url, { name: 'Typed' })
    const without = await browser.get(page)
    const unopened = await browser.get(url)
    comeBack()
    const busy = 'The service is busy at the moment. Try again in 2 seconds.'
    t.strictSame(readPage(away), {
      statusCode: 503,
      text: `Rename the passkey ${busy} Name Save the name All passkeys`,
      inputs: ['name']
    })
    t.match(away.body, 'value="Typed"')
    t.strictSame(readPage(unopened), readPage(away))
    t.strictSame(readPage(without), { statusCode: 503, text: `Passkeys ${busy} All passkeys`, inputs: [] })
  })
})
