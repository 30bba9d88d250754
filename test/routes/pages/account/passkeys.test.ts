import { test } from 'tap'
import { listPasskeys } from '../../../../src/factors/passkeys.ts'
import { build, cutOff, testClock } from '../../../helpers/app.ts'
import { createAuthenticator } from '../../../helpers/authenticator.ts'
import { enrolPasskey, requireStep } from '../../../helpers/enrolled.ts'
import { meanwhile } from '../../../helpers/meanwhile.ts'
import { createBrowser, hiddenOf, passkeyOptionsOf, readPage, signalIn } from '../../../helpers/page.ts'
import { addOnPage, begin, guards, redirect, redirectOf } from '../../../helpers/page-factors.ts'
import { ORIGIN, recorded, signInWith } from '../../../helpers/passkeys.ts'

const url = '/pages/account/passkeys'
const ADDED = redirect('../../pages/account/passkeys?done=passkey-added')
const INTRO =
  'Passkeys A passkey signs you in by your fingerprint, your face or the lock of your device, without a password.'
const SCRIPT = 'Adding a passkey takes JavaScript, which is off in this browser.'

test('the page of the passkeys', async (t) => {
  const clock = testClock()
  const fastify = await build(t, { clock })
  const today = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeZone: 'UTC' }).format(clock.now())

  await t.test('adds one, with a name or without, and tells the browser which there are', async (t) => {
    const { browser, user } = await begin(fastify)
    const empty = await browser.get(url)
    t.strictSame(readPage(empty), {
      statusCode: 200,
      text: `${INTRO} You have no passkey yet. Add a passkey ${SCRIPT} Back to your account`,
      inputs: []
    })
    t.equal(signalIn(empty), undefined)
    t.match(empty.body, /<form hidden method="post" action="..\/..\/pages\/account\/passkeys" data-passkey="create" /)
    t.match(empty.body, /data-seconds="300" data-renew>/)
    t.match(passkeyOptionsOf(empty), {
      rp: { id: 'localhost' },
      user: { name: user.username },
      excludeCredentials: { length: 0 }
    })
    await recorded(fastify)

    const first = await addOnPage(browser)
    t.strictSame(redirectOf(first.response), ADDED)
    t.match(await recorded(fastify), [{ action: 'passkey added', account: user.id }])
    const second = await addOnPage(browser, { name: '  Ada’s <phone>  ' })
    t.strictSame(redirectOf(second.response), ADDED)

    const listed = await browser.get(`${url}?done=passkey-added`)
    t.strictSame(readPage(listed), {
      statusCode: 200,
      text: [
        `The passkey was added. ${INTRO}`,
        `Passkey one device Added ${today}, never used Rename Delete`,
        `Ada’s &lt;phone&gt; one device Added ${today}, never used Rename Delete`,
        `Add a passkey ${SCRIPT} Back to your account`
      ].join(' '),
      inputs: []
    })
    t.strictSame(signalIn(listed), {
      signal: 'signalAllAcceptedCredentials',
      rpId: 'localhost',
      userId: Buffer.from(user.id.replaceAll('-', ''), 'hex').toString('base64url'),
      allAcceptedCredentialIds: [first.authenticator.id, second.authenticator.id]
    })
    t.match(passkeyOptionsOf(listed).excludeCredentials, [
      { id: first.authenticator.id },
      { id: second.authenticator.id }
    ])
    t.equal((await signInWith(fastify, first.authenticator)).statusCode, 200)
    const used = await browser.get(url)
    t.match(readPage(used).text, `Passkey one device Added ${today}, last used now`)
    t.equal(signalIn(used), undefined, 'only after a change')
    const [{ id = '' } = {}] = await listPasskeys(fastify.database.open(), user.id)
    t.match(used.body, `href="../../pages/account/passkeys/rename?id=${id}" aria-label="Rename: Passkey"`)
    t.match(used.body, `href="../../pages/account/passkeys/delete?id=${id}" aria-label="Delete: Passkey"`)
  })

  await t.test('shows the form again if the passkey is not accepted', async (t) => {
    const { browser } = await begin(fastify)
    const other = createAuthenticator(ORIGIN)
    const options = passkeyOptionsOf(await browser.get(url))
    const credential = JSON.stringify(other.create(options))
    t.strictSame(redirectOf(await browser.submit(url, { credential })), ADDED)
    const wrong = JSON.stringify(createAuthenticator(ORIGIN).create(options, { origin: 'https://evil.example' }))
    const rows: [what: string, fields: Record<string, string>, statusCode: number, text: string][] = [
      ['a used challenge', { credential }, 400, 'The passkey was not added. Perhaps it is here already. Try again.'],
      [
        'another origin',
        { credential: wrong },
        400,
        'The passkey was not added. Perhaps it is here already. Try again.'
      ],
      ['no passkey', {}, 400, 'The form could not be read. Open the page again, and send the form from there.'],
      [
        'no JSON',
        { credential: '{' },
        400,
        'The form could not be read. Open the page again, and send the form from there.'
      ],
      ['a long name', { credential, name: 'x'.repeat(65) }, 400, 'Check what is marked below.']
    ]
    for (const [what, fields, statusCode, text] of rows) {
      const refused = await browser.submit(url, fields)
      t.match(readPage(refused), { statusCode, text: new RegExp(`^Passkeys .* Add a passkey ${text}`) }, what)
      t.match(refused.body, /data-seconds="\d+">/, 'the page cannot be loaded again')
      t.not(passkeyOptionsOf(refused).challenge, options.challenge)
      t.equal(signalIn(refused), undefined)
    }
    const long = await browser.submit(url, { credential, name: 'x'.repeat(65) })
    t.match(long.body, '<p class="wrong" id="name-fault">Use 64 characters at most.</p>')
    t.match(long.body, `value="${'x'.repeat(65)}"`)
  })

  await t.test('keeps what the authenticator has made while the database is away', async (t) => {
    const { browser } = await begin(fastify)
    const credential = createAuthenticator(ORIGIN).create(passkeyOptionsOf(await browser.get(url)))
    let comeBack = () => {}
    meanwhile(fastify, 0, async () => {
      comeBack = cutOff(fastify)
    })
    const away = await browser.submit(url, { credential: JSON.stringify(credential), name: 'Mine' })
    comeBack()
    t.strictSame(readPage(away), {
      statusCode: 503,
      text: 'Passkeys The service is busy at the moment. Try again in 2 seconds. Send it again Back to your account',
      inputs: ['credential', 'name']
    })
    t.strictSame(JSON.parse(String(hiddenOf(away, 'credential'))), JSON.parse(JSON.stringify(credential)))
    const again = { credential: String(hiddenOf(away, 'credential')), name: String(hiddenOf(away, 'name')) }
    t.strictSame(redirectOf(await browser.submit(url, again)), ADDED)
    t.match(readPage(await browser.get(url)).text, 'Mine one device')
  })

  await t.test('says so if the database goes away after a refusal', async (t) => {
    const { browser } = await begin(fastify)
    let comeBack = () => {}
    meanwhile(fastify, 1, async () => {
      comeBack = cutOff(fastify)
    })
    const away = await browser.submit(url, { credential: '{}' })
    comeBack()
    t.match(readPage(away), {
      statusCode: 400,
      text: 'Passkeys The form could not be read. Open the page again, and send the form from there. Send it again Back to your account'
    })
  })

  await t.test('has a button that leads to the step-up after a while', async (t) => {
    const { browser } = await begin(fastify)
    clock.advance(400)
    t.match(
      (await browser.get(url)).body,
      /data-seconds="(?:1\d\d|200)"/,
      'a challenge that outlasts the freshness is of no use'
    )
    clock.advance(201)
    const page = await browser.get(url)
    t.equal(passkeyOptionsOf(page), undefined)
    t.match(page.body, 'href="../../pages/step-up?return_to=%2Fpages%2Faccount%2Fpasskeys">Add a passkey</a>')
    t.strictSame(readPage(page), {
      statusCode: 200,
      text: `${INTRO} You have no passkey yet. Add a passkey Add a passkey Back to your account`,
      inputs: []
    })
  })

  await t.test('takes 20 at most', async (t) => {
    const { browser, user } = await begin(fastify)
    const made = JSON.stringify(createAuthenticator(ORIGIN).create(passkeyOptionsOf(await browser.get(url))))
    for (let count = 0; count < 20; count += 1) await enrolPasskey(fastify.database.open(), user.id)
    const full = /Add a passkey An account has 20 passkeys at most\. Delete one first\. Back to your account$/
    t.match(readPage(await browser.get(url)), { statusCode: 200, text: full })
    const refused = await browser.submit(url, { credential: made })
    t.match(readPage(refused), { statusCode: 403, text: full })
    t.notMatch(refused.body, 'did not come from our own page')
  })

  await t.test(
    'says so if the session ends, or a second step is required, between the check and the change',
    async (t) => {
      const { browser, user } = await begin(fastify)
      const made = JSON.stringify(createAuthenticator(ORIGIN).create(passkeyOptionsOf(await browser.get(url))))
      meanwhile(fastify, 1, () => requireStep(fastify.database.open(), user.id))
      t.match(readPage(await browser.submit(url, { credential: made })), {
        statusCode: 401,
        text: /^Confirm that it is you .* There is no way to confirm it in this session\. Sign out, and sign in again\. Sign out/
      })
    }
  )

  await t.test('has a link in place of the form at an IP address', async (t) => {
    const { browser } = await begin(fastify)
    for (const host of ['127.0.0.1:3000', '[::1]:3000']) {
      const page = await browser.get(`${url}?done=nothing`, { host })
      t.equal(passkeyOptionsOf(page), undefined)
      t.match(
        page.body,
        '<a href="http://localhost:3000/pages/account/passkeys?done=nothing">Passkeys work at localhost:3000: open this page there</a>'
      )
    }
    t.ok(passkeyOptionsOf(await browser.get(url, { host: 'localhost:3000' })))
  })

  await guards(t, {
    fastify,
    clock,
    url,
    title: 'Passkeys',
    fields: { credential: '{}' },
    freshGet: false,
    races: false
  })
})

test('a list is only of the account of the session', async (t) => {
  const fastify = await build(t)
  const [ada, grace] = [await begin(fastify), await begin(fastify)]
  await addOnPage(ada.browser, { name: 'Only mine' })
  t.notMatch((await grace.browser.get(url)).body, 'Only mine')
  t.equal((await createBrowser(fastify).get(url)).statusCode, 303)
})
