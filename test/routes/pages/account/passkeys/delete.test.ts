import { randomUUID } from 'node:crypto'
import { test } from 'tap'
import { sql } from '../../../../../src/database/sql.ts'
import { listPasskeys } from '../../../../../src/factors/passkeys.ts'
import { build, cutOff, testClock } from '../../../../helpers/app.ts'
import { enrolPasskey, requireStep } from '../../../../helpers/enrolled.ts'
import { readPage } from '../../../../helpers/page.ts'
import { addOnPage, begin, guards, redirect, redirectOf } from '../../../../helpers/page-factors.ts'
import { recorded } from '../../../../helpers/passkeys.ts'

const page = '/pages/account/passkeys/delete'
const LIST = '../../../pages/account/passkeys'
const TEXT = 'It no longer signs you in. If your device still offers it, delete it there as well.'

test('the page that deletes a passkey', async (t) => {
  const clock = testClock()
  const fastify = await build(t, { clock })
  const database = fastify.database.open()
  const list = (user: string) => listPasskeys(database, user)

  await t.test('asks once more, and deletes it', async (t) => {
    const { browser, user } = await begin(fastify)
    await addOnPage(browser, { name: 'My phone' })
    const [{ id = '' } = {}] = await list(user.id)
    const shown = await browser.get(`${page}?id=${id}`)
    t.strictSame(readPage(shown), {
      statusCode: 200,
      text: `Delete the passkey “My phone”? ${TEXT} Delete the passkey All passkeys`,
      inputs: []
    })
    t.match(shown.body, `<form method="post" action="../../../pages/account/passkeys/delete?id=${id}">`)
    await recorded(fastify)
    t.strictSame(redirectOf(await browser.submit(`${page}?id=${id}`, {})), redirect(`${LIST}?done=passkey-deleted`))
    t.match(await recorded(fastify), [{ action: 'passkey removed', account: user.id, detail: null }])
    t.strictSame(await list(user.id), [])
    const told = await browser.get('/pages/account/passkeys?done=passkey-deleted')
    t.match(told.body, '&quot;allAcceptedCredentialIds&quot;:[]')
    const again = await browser.submit(`${page}?id=${id}`, {})
    t.strictSame(readPage(again), {
      statusCode: 404,
      text: 'Passkeys This passkey was deleted already. All passkeys',
      inputs: []
    })
  })

  await t.test('says what else goes, if it is the only second step', async (t) => {
    const { browser, user } = await begin(fastify)
    const { authenticator } = await addOnPage(browser)
    const [{ id = '' } = {}] = await list(user.id)
    await requireStep(database, user.id)
    t.strictSame(
      redirectOf(await browser.get(`${page}?id=${id}`)),
      redirect(`../../../pages/step-up?${new URLSearchParams({ return_to: `${page}?id=${id}` })}`)
    )
    await database.query(sql`UPDATE sessions SET amr = '{pop,user,mfa}' WHERE user_id = ${user.id}`)
    const last =
      /You have no other second step: your password alone then signs you in, and your recovery codes are void\./
    t.match(readPage(await browser.get(`${page}?id=${id}`)).text, last)
    await enrolPasskey(database, user.id)
    t.notMatch(readPage(await browser.get(`${page}?id=${id}`)).text, last)
    t.ok(authenticator)
  })

  await t.test('keeps the last way to sign in', async (t) => {
    const { browser, user } = await begin(fastify)
    await addOnPage(browser)
    const [{ id = '' } = {}] = await list(user.id)
    await database.query(sql`UPDATE users SET password_hash = NULL WHERE id = ${user.id}`)
    t.strictSame(readPage(await browser.submit(`${page}?id=${id}`, {})), {
      statusCode: 409,
      text: `Delete the passkey? ${TEXT} Without it you could not sign in any more. Delete the passkey All passkeys`,
      inputs: []
    })
    t.equal((await list(user.id)).length, 1)
  })

  await t.test('knows only passkeys of the account', async (t) => {
    const [{ browser }, other] = [await begin(fastify), await begin(fastify)]
    await addOnPage(other.browser)
    const [{ id: foreign = '' } = {}] = await list(other.user.id)
    for (const query of [
      '',
      '?id=',
      '?id=x',
      `?id=${foreign}&id=${foreign}`,
      `?id=${randomUUID()}`,
      `?id=${foreign}`
    ]) {
      t.strictSame(redirectOf(await browser.get(`${page}${query}`)), redirect(LIST), query)
      t.match(
        readPage(await browser.submit(`${page}${query}`, {})),
        { statusCode: 404, text: /^Passkeys This passkey/ },
        query
      )
    }
    t.equal((await list(other.user.id)).length, 1)
  })

  await t.test('says that the service is busy if it is not known which one', async (t) => {
    const { browser } = await begin(fastify)
    const comeBack = cutOff(fastify)
    const away = await browser.submit(page, {})
    comeBack()
    t.match(readPage(away), { statusCode: 503, text: /^Passkeys The service is busy at the moment/ })
  })

  await guards(t, { fastify, clock, url: `${page}?id=${randomUUID()}`, title: 'Delete the passkey' })
})
