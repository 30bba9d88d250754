import { test } from 'tap'
import { sql } from '../../../src/database/sql.ts'
import { answer, bearer, post, refusal, signIn } from '../../helpers/app.ts'
import { enrolPasskey } from '../../helpers/enrolled.ts'
import { createTraveller } from '../../helpers/federated.ts'
import { letters } from '../../helpers/letters.ts'
import { hiddenOf } from '../../helpers/page.ts'
import { signInOnPage } from '../../helpers/page-account.ts'
import { addPasskeyTo } from '../../helpers/passkeys.ts'
import { giveApp, recorded } from '../../helpers/second-factor.ts'
import {
  beginLink,
  isStored,
  outcomeOf,
  SIGNED_IN,
  startFederated,
  UNNAMED,
  visitorOf
} from '../../helpers/visitors.ts'

const DONE = { statusCode: 204, body: '' }
const LAST = {
  statusCode: 409,
  body: refusal(409, 'Conflict', 'LAST_CREDENTIAL', 'Without it there would be no way to sign in.')
}

test('the identities of an account', async (t) => {
  const { fastify, clock, issuer } = await startFederated(t)
  const database = fastify.database.open()
  const traveller = () => createTraveller(fastify, issuer)
  const remove = (token: string, id: string, kind = 'me/identities') =>
    fastify.inject({ method: 'DELETE', url: `/${kind}/${id}`, headers: bearer(token) })
  const listed = async (token: string): Promise<{ id: string }[]> =>
    (await fastify.inject({ url: '/me/identities', headers: bearer(token) })).json().identities

  /** An account with an identity, signed in at the API and on the page. */
  async function begin(username: string, more: { email?: string } = {}) {
    const { user, access_token } = await signIn(fastify, { username, ...more })
    const way = traveller()
    await signInOnPage(way.browser, { username })
    const link = async (sub: string) => way.back(issuer.authorize(await beginLink(way.browser), { sub }))
    t.match(outcomeOf(await link(`${username}-1`)), { location: '../../pages/account?done=identity-linked' })
    const [identity] = await listed(access_token)
    const set = (what: ReturnType<typeof sql>) => database.query(sql`UPDATE users SET ${what} WHERE id = ${user.id}`)
    return { user, token: access_token as string, link, id: String(identity?.id), set }
  }
  type Account = Awaited<ReturnType<typeof begin>>
  const withoutPassword = ({ set }: Account) => set(sql`password_hash = NULL`)

  const rows: [left: string, expected: object, prepare: (account: Account) => Promise<unknown>][] = [
    ['a password', DONE, async () => {}],
    [
      'a passkey',
      DONE,
      async (account) => {
        await enrolPasskey(database, account.user.id)
        await withoutPassword(account)
      }
    ],
    [
      'a passkey of another RP ID',
      LAST,
      async (account) => {
        await enrolPasskey(database, account.user.id, { rpId: 'elsewhere.example' })
        await withoutPassword(account)
      }
    ],
    [
      'another identity',
      DONE,
      async (account) => {
        await account.link(`${account.user.username}-2`)
        await withoutPassword(account)
      }
    ],
    [
      'a verified address',
      DONE,
      ({ set, user }) => set(sql`password_hash = NULL, email_verified = true, email = ${`${user.id}@example.com`}`)
    ],
    [
      'an address that is not verified',
      LAST,
      ({ set, user }) => set(sql`password_hash = NULL, email_verified = false, email = ${`${user.id}@example.com`}`)
    ],
    [
      'an app alone',
      LAST,
      async (account) => {
        await giveApp(fastify, account.user.id, { required: false })
        await withoutPassword(account)
      }
    ],
    ['nothing', LAST, withoutPassword]
  ]
  for (const [index, [left, expected, prepare]] of rows.entries()) {
    await t.test(`one is ${expected === DONE ? '' : 'not '}removed where ${left} is left`, async (t) => {
      const account = await begin(`row.${index}`)
      await prepare(account)
      const before = (await listed(account.token)).length
      t.strictSame(answer(await remove(account.token, account.id)), expected)
      t.equal((await listed(account.token)).length, expected === DONE ? before - 1 : before)
      const record = { action: 'identity unlinked', session: true, detail: { provider: 'test' } }
      t.strictSame(await recorded(fastify, account.user.id, 'identity unlinked'), expected === DONE ? [record] : [])
    })
  }

  await t.test('of an identity and a passkey that go at once, one is left', async (t) => {
    const account = await begin('ada')
    const passkey = (await addPasskeyTo(fastify, account.token)).response.json()
    await withoutPassword(account)
    const answers = await Promise.all([
      remove(account.token, account.id),
      remove(account.token, passkey.id, 'passkeys')
    ])
    t.strictSame(
      answers.map(answer).sort((one, other) => one.statusCode - other.statusCode),
      [DONE, LAST]
    )
  })

  await t.test('one that is removed changes neither the address nor whether it is verified', async (t) => {
    await signIn(fastify, { username: 'mallory', email: 'claimed@example.com' })
    for (const name of ['made', 'claimed']) {
      const { browser, ...way } = traveller()
      t.strictSame(outcomeOf(await way.signIn(visitorOf(name))), SIGNED_IN)
      const { body } = await browser.get('/pages/account')
      const [, identity] = /name="identity" value="([^"]+)"/.exec(body) ?? []
      const removed = await browser.submit('/pages/account/identities', { identity: String(identity) })
      t.strictSame(outcomeOf(removed), { statusCode: 303, location: '../../pages/account?done=identity-removed' })
      const expected = { email_verified: true, password: false, identities: [], sessions: 1 }
      await isStored(t, fastify, `${name}@example.com`, expected)
    }
    const unproven = await begin('eve', { email: 'eve@example.com' })
    t.strictSame(answer(await remove(unproven.token, unproven.id)), DONE)
    await isStored(t, fastify, 'eve@example.com', { email_verified: false, identities: [], sessions: 2 })
  })

  await t.test('one that is removed voids a sign-in that waits for its second step', async (t) => {
    const account = await begin('fay')
    const app = await giveApp(fastify, account.user.id, { required: false })
    clock.advance(60)
    const raised = await post(fastify, '/token/step-up', { totp: app.code() }, bearer(account.token))
    await account.set(sql`mfa_required = true`)
    const { browser, ...way } = traveller()
    const page = await way.signIn({ sub: 'fay-1' })
    t.match(outcomeOf(page), { statusCode: 200, text: /^One more step/ })
    t.strictSame(answer(await remove(raised.json().access_token, account.id)), DONE)
    const step = { mfa_token: String(hiddenOf(page, 'mfa_token')), totp: app.code(1) }
    t.match(outcomeOf(await browser.submit('/pages/login/mfa', step)), { statusCode: 401, text: /^Sign in/ })
    t.strictSame(outcomeOf(await traveller().signIn({ sub: 'fay-1' })), UNNAMED, 'nobody has it now')
  })

  await t.test('one that is added is on record and told by mail, once', async (t) => {
    const account = await begin('gil', { email: 'gil@example.com' })
    await account.set(sql`email_verified = true`)
    await letters(fastify)
    await account.link('gil-2')
    await account.link('gil-2')
    t.strictSame(
      (await letters(fastify)).map(({ template, recipient }) => [template, recipient]),
      [['identity-linked', 'gil@example.com']]
    )
    const record = { action: 'identity linked', session: true, detail: { provider: 'test' } }
    t.strictSame(await recorded(fastify, account.user.id, 'identity linked'), [record, record])
  })
})
