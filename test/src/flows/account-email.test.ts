import { test } from 'tap'
import { createDatabase } from '../../../src/database/database.ts'
import { sql } from '../../../src/database/sql.ts'
import { type NewEmail, setEmail } from '../../../src/flows/account-email.ts'
import { addUser } from '../../../src/users/users.ts'
import { caught } from '../../helpers/caught.ts'
import { migratedPool } from '../../helpers/pool.ts'

const EMAIL = 'new@example.com'

test('the email address that an operator sets', async (t) => {
  const database = createDatabase(await migratedPool(t), { timeout: 60_000 })
  t.beforeEach(async () => {
    await database.query(sql`TRUNCATE users, mails CASCADE`)
  })
  const add = (email: string, emailVerified: boolean) =>
    addUser(database, { email, emailVerified, passwordHash: 'a hash' })
  const set = (user: string, given: Partial<NewEmail> = {}) =>
    setEmail(database, user, { email: EMAIL, verified: false, mail: true, undoLink: true, ...given })
  const mails = () => database.query(sql`SELECT kind, recipient FROM mails ORDER BY kind`)
  const undoable = async () =>
    (await database.query(sql`SELECT previous_email FROM email_changes WHERE undone_at IS NULL`)).map(
      ({ previous_email }) => previous_email
    )

  const verifyEmail = (recipient: string) => ({ kind: 'verify email', recipient })
  const undoEmail = (recipient: string) => ({ kind: 'email changed', recipient })

  const table: [
    what: string,
    before: [email: string, verified: boolean],
    given: Partial<NewEmail>,
    verified: boolean,
    mails: object[],
    undoable: string[]
  ][] = [
    [
      'is to be verified, and the previous one gets a link that undoes the change',
      ['old@example.com', true],
      {},
      false,
      [undoEmail('old@example.com'), verifyEmail(EMAIL)],
      ['old@example.com']
    ],
    ['replaces an unverified one, which gets no link', ['old@example.com', false], {}, false, [verifyEmail(EMAIL)], []],
    [
      'leaves no way back without undoLink',
      ['old@example.com', true],
      { undoLink: false },
      false,
      [verifyEmail(EMAIL)],
      []
    ],
    ['is verified if the operator says so', ['old@example.com', false], { verified: true }, true, [], []],
    ['sends no mail for it where the service sends none', ['old@example.com', false], { mail: false }, false, [], []],
    ['stays verified in another letter case', ['NEW@example.com', true], {}, true, [], []],
    ['stays unverified in another letter case', ['NEW@example.com', false], {}, false, [verifyEmail(EMAIL)], []]
  ]
  for (const [what, [email, wasVerified], given, verified, sent, restorable] of table) {
    await t.test(what, async (t) => {
      const { id, ...user } = await add(email, wasVerified)
      const account = { id, ...user, disabled_at: null, last_login_at: null, roles: [] }
      t.strictSame(await set(email, given), {
        account: { ...account, email: EMAIL, email_verified: verified },
        before: account
      })
      const [stored] = await database.query(sql`SELECT email, email_verified, email_version FROM users`)
      t.strictSame(stored, { email: EMAIL, email_verified: verified, email_version: 2 })
      t.strictSame([await mails(), await undoable()], [sent, restorable])
    })
  }

  await t.test('without undoLink voids the links of earlier changes, but for those to the new address', async (t) => {
    const { id } = await add('first@example.com', true)
    await set(id, { email: 'second@example.com', verified: true })
    await set(id, { email: 'third@example.com', verified: true })
    t.strictSame((await undoable()).sort(), ['first@example.com', 'second@example.com'])
    await set(id, { email: 'First@example.com', undoLink: false })
    t.strictSame(await undoable(), ['first@example.com'])
  })

  await t.test('is refused', async (t) => {
    const { id: ada } = await add('ada@example.com', true)
    const { id: grace } = await add('grace@example.com', true)
    await set(grace, { email: 'hopper@example.com', verified: true })
    const taken = { code: 'ACCOUNT_EXISTS', errors: [{ path: '/email', message: 'is taken', rule: 'taken' }] }
    t.match(await caught(set(ada, { email: 'HOPPER@example.com' })), taken, 'if another account has it')
    t.match(await caught(set(ada, { email: 'Grace@example.com' })), taken, 'if another account may restore it')
    t.match(await caught(set('nobody')), { message: 'There is no user with the username nobody.' })
    t.match(await set(grace, { email: 'grace@example.com' }), { account: { email: 'grace@example.com' } })
  })
})
