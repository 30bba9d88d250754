import { randomBytes } from 'node:crypto'
import { test } from 'tap'
import { readConfig } from '../../../src/config/config.ts'
import { createDatabase, type Database } from '../../../src/database/database.ts'
import { sql } from '../../../src/database/sql.ts'
import { base32 } from '../../../src/factors/base32.ts'
import { beginLoginStep, tryLoginStep } from '../../../src/factors/login-steps.ts'
import { makeRecoveryCodes, useRecoveryCode } from '../../../src/factors/recovery-codes.ts'
import { readFactors } from '../../../src/factors/state.ts'
import {
  beginTotp,
  changeFactors,
  changeRequirement,
  type FactorChange,
  finishTotp,
  removeTotp,
  renewRecoveryCodes
} from '../../../src/flows/factor-enrolment.ts'
import type { Method } from '../../../src/sessions/assurance.ts'
import { endSessions, findSessionUser, openSession, type SessionOfUser } from '../../../src/sessions/sessions.ts'
import { type Credentials, findOwnCredentials } from '../../../src/users/credentials.ts'
import { addUser } from '../../../src/users/users.ts'
import { testClock } from '../../helpers/app.ts'
import { caught } from '../../helpers/caught.ts'
import { appOf, enrolApp, enrolPasskey, requireStep } from '../../helpers/enrolled.ts'
import { hasServer, meet } from '../../helpers/meeting.ts'
import { migratedPool } from '../../helpers/pool.ts'

const ORIGIN = { userAgent: undefined, ip: '::1' }
const LIFETIMES = readConfig({})
const NONE = { required: false, totp: null, passkeys: 0, usable_passkeys: 0, recovery_codes: 0, password: true }
const AAL2: Method[] = ['pwd', 'otp', 'mfa']

test('the factors of an account', async (t) => {
  const pool = await migratedPool(t)
  const clock = testClock()
  const open = () => createDatabase(pool, { clock, timeout: 60_000 })
  const keys = { totp: randomBytes(32), recovery: randomBytes(32) }
  const enrolment = { lifetimes: LIFETIMES, mail: true, rpId: 'localhost', keys }
  let count = 0

  /** A user with a session, which changes the factors. */
  async function begin({ amr = ['pwd'] }: { amr?: Method[] } = {}) {
    const username = `user${count++}`
    const names = { username, email: `${username}@example.com`, emailVerified: true }
    const { id } = await addUser(open(), { ...names, passwordHash: 'none' })
    const sign = async (methods: Method[], where: Database = open()): Promise<SessionOfUser | undefined> => {
      const credentials = (await findOwnCredentials(where, id)) as Credentials
      const opened = await openSession(where, LIFETIMES, credentials, ORIGIN, methods)
      return opened && { sid: opened.refreshToken.session, sub: id }
    }
    const session = (await sign(amr)) as SessionOfUser
    async function change<Result>(work: (change: FactorChange) => Promise<Result>, { required = false } = {}) {
      const changed = await changeFactors(open(), LIFETIMES, { session, required }, work)
      return changed?.result
    }
    async function enrol() {
      const secret = (await change((each) => beginTotp(enrolment, each), { required: true })) as Buffer
      return appOf(base32(secret), { clock })
    }
    const confirm = (code: string) => change((each) => finishTotp(enrolment, each, code), { required: true })
    const step = async () => {
      const credentials = (await findOwnCredentials(open(), id)) as Credentials
      return String((await beginLoginStep(open(), { ...credentials, inCookie: false }))?.token)
    }
    const isVoid = async (token: string) => (await tryLoginStep(open(), token)) === undefined
    const isAlive = async (each: SessionOfUser | undefined) =>
      each !== undefined && (await findSessionUser(open(), LIFETIMES, each)) !== undefined
    const read = () => readFactors(open(), id)
    const notices = async () => {
      const rows = await open().query(sql`DELETE FROM mails WHERE user_id = ${id} RETURNING data`)
      return rows.map(({ data }) => (data as { what: string }).what)
    }
    const stored = async () =>
      (
        await open().query(
          sql`SELECT amr, authenticated_at > created_at AS anew FROM sessions WHERE id = ${session.sid}`
        )
      )[0]
    return { id, session, sign, change, enrol, confirm, step, isVoid, isAlive, read, notices, stored }
  }

  await t.test('are changed by an active session alone', async (t) => {
    const { id, session, sign, change, read } = await begin()
    const other = (await sign(['pwd'])) as SessionOfUser
    await endSessions(open(), LIFETIMES, other, session.sid, 'ended by the user')
    t.match(await caught(change((each) => beginTotp(enrolment, each))), { code: 'TOKEN_INVALID' })
    const nobody = { sid: other.sid, sub: '0198a3c2-7f00-7000-8000-000000000000' }
    const changing = { session: nobody, required: true }
    const work = async () => t.fail('there is no such account')
    t.match(await caught(changeFactors(open(), LIFETIMES, changing, work)), { code: 'TOKEN_INVALID' })
    t.strictSame(await read(), NONE)
    t.strictSame(await open().query(sql`SELECT FROM totp WHERE user_id = ${id}`), [])
  })

  await t.test('stay as they are if a second step is required since the token was judged', async (t) => {
    const { id, change } = await begin()
    await requireStep(open(), id)
    t.equal(await change(async () => t.fail('the token was not judged by that')), undefined)
    t.equal(await change(async () => 'done', { required: true }), 'done')
  })

  await t.test('are an app, once a code of it was shown', async (t) => {
    const { id, session, sign, enrol, confirm, step, isVoid, isAlive, read, notices, stored } = await begin()
    const [weak, strong] = [await sign(['pwd']), await sign(AAL2)]
    const show = await enrol()
    clock.advance(1)
    t.match(await caught(confirm('000000 ')), { code: 'MFA_CODE_INVALID' })
    t.strictSame(await read(), NONE)
    t.strictSame(await stored(), { amr: ['pwd'], anew: false })
    const before = await makeRecoveryCodes(open(), keys.recovery, id)
    const confirmed = await confirm(show())
    t.match(confirmed, { becameRequired: true, ended: 1 })
    t.match(await read(), { required: true, totp: {}, passkeys: 0, recovery_codes: 10 })
    t.strictSame(await stored(), { amr: ['pwd', 'otp', 'mfa'], anew: true })
    t.strictSame([await isAlive(session), await isAlive(weak), await isAlive(strong)], [true, false, true])
    t.strictSame(await open().query(sql`SELECT end_reason FROM sessions WHERE id = ${String(weak?.sid)}`), [
      { end_reason: 'second step added' }
    ])
    t.strictSame(await notices(), ['second step on'])
    t.equal(await useRecoveryCode(open(), keys.recovery, id, String(before[0])), undefined)
    t.strictSame(await useRecoveryCode(open(), keys.recovery, id, String(confirmed?.codes[0])), { left: 9 })
    t.match(await caught(confirm(show(1))), { code: 'MFA_CODE_INVALID' }, 'nothing waits')

    const token = await step()
    const next = await enrol()
    t.equal(await isVoid(token), false)
    t.match(await confirm(next()), { becameRequired: false, ended: 0 })
    t.equal(await isVoid(token), true)
    t.match(await read(), { required: true, recovery_codes: 10 })
    t.strictSame(await notices(), ['app replaced'])
  })

  await t.test('may be an app beside a passkey that is required', async (t) => {
    const { id, enrol, confirm, notices } = await begin({ amr: ['pop', 'user', 'mfa'] })
    await enrolPasskey(open(), id)
    await requireStep(open(), id)
    const show = await enrol()
    t.match(await confirm(show()), { becameRequired: false, ended: 0 })
    t.strictSame(await notices(), ['app added'])
  })

  await t.test('are added once by fifty that confirm at once', async (t) => {
    const { enrol, confirm, read } = await begin()
    const show = await enrol()
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, () => confirm(show()).catch(({ code }: { code: string }) => code))
    )
    t.equal(outcomes.filter((outcome) => outcome === 'MFA_CODE_INVALID').length, 49)
    t.match(await read(), { required: true, recovery_codes: 10 })
  })

  await t.test('lose the requirement and the recovery codes with the last one', async (t) => {
    const { id, change, enrol, confirm, step, isVoid, read, notices } = await begin()
    const remove = () => change((each) => removeTotp(enrolment, each), { required: true })
    await enrol()
    t.match(await caught(remove()), { code: 'NOT_FOUND' }, 'one that waits is none, and stays')
    t.equal((await open().query(sql`SELECT FROM totp WHERE user_id = ${id}`)).length, 1)
    const show = await enrol()
    await confirm(show())
    await enrolPasskey(open(), id)
    await notices()
    const token = await step()
    t.equal(await remove(), false)
    t.equal(await isVoid(token), true)
    t.match(await read(), { required: true, totp: null, passkeys: 1, recovery_codes: 10 })
    t.strictSame(await notices(), ['app removed'])
    await open().query(sql`DELETE FROM passkeys WHERE user_id = ${id}`)
    await enrolApp(open(), keys.totp, id)
    t.equal(await remove(), true)
    t.strictSame(await read(), NONE)
    t.strictSame(await notices(), ['second step off'])
  })

  await t.test('have recovery codes if there is one', async (t) => {
    const { id, change, step, isVoid, read, notices } = await begin({ amr: AAL2 })
    const renew = () => change((each) => renewRecoveryCodes(enrolment, each), { required: true })
    t.match(await caught(renew()), { code: 'FORBIDDEN' })
    await enrolPasskey(open(), id)
    const [first = ''] = (await renew()) as string[]
    await requireStep(open(), id)
    const token = await step()
    const [second = ''] = (await renew()) as string[]
    t.equal(await isVoid(token), true)
    t.match(await read(), { recovery_codes: 10 })
    t.equal(await useRecoveryCode(open(), keys.recovery, id, first), undefined)
    t.strictSame(await useRecoveryCode(open(), keys.recovery, id, second), { left: 9 })
    await open().query(sql`DELETE FROM passkeys WHERE user_id = ${id}`)
    t.equal((await renew())?.length, 10, 'they may be all that is left of a second step that is required')
    t.strictSame(await notices(), [])
  })

  await t.test('can be required, and no longer', async (t) => {
    const { id, session, sign, change, step, isVoid, isAlive, read, notices } = await begin()
    const require = (required: boolean) =>
      change((each) => changeRequirement(enrolment, each, required), { required: true })
    t.match(await caught(require(true)), { code: 'FORBIDDEN' })
    t.match(await require(false), { dropped: false, becameRequired: false, codes: undefined })
    t.strictSame(await notices(), [])
    await enrolPasskey(open(), id)
    const [weak, strong] = [await sign(['pwd']), await sign(AAL2)]
    const required = await require(true)
    t.match(required, { becameRequired: true, ended: 1, dropped: false, codes: { length: 10 } })
    t.strictSame(required?.factors, { ...NONE, required: true, passkeys: 1, recovery_codes: 10 })
    t.strictSame([await isAlive(session), await isAlive(weak), await isAlive(strong)], [true, false, true])
    t.strictSame(await notices(), ['second step on'])
    t.match(await require(true), { becameRequired: false, ended: 0, codes: undefined })
    t.strictSame(await notices(), [])
    const token = await step()
    t.match(await require(false), { dropped: true, codes: undefined, factors: { required: false, recovery_codes: 10 } })
    t.equal(await isVoid(token), true)
    t.strictSame(await notices(), ['second step off'])
    await open().query(sql`UPDATE recovery_codes SET used_at = now() WHERE user_id = ${id}`)
    t.match(await require(true), { codes: { length: 10 } }, 'none were left')
    t.match(await read(), { required: true, recovery_codes: 10 })
  })

  await t.test('change without a notice where no mail is sent', async (t) => {
    const { id, change, notices } = await begin()
    await enrolPasskey(open(), id)
    await change((each) => changeRequirement({ ...enrolment, mail: false }, each, true))
    t.strictSame(await notices(), [])
  })

  await t.test('are not changed by a session that ends at that moment', async (t) => {
    const { session, sign, change, enrol, read } = await begin()
    const other = (await sign(['pwd'])) as SessionOfUser
    const show = await enrol()
    const late = change(async (each) => {
      await endSessions(each.transaction, LIFETIMES, other, session.sid, 'ended by the user')
      return finishTotp(enrolment, each, show())
    })
    t.match(await caught(late), { code: 'TOKEN_INVALID' })
    t.strictSame(await read(), NONE)
  })

  if (hasServer) {
    await t.test('end a session that a password opens at that moment', async (t) => {
      const { sign, enrol, confirm, isAlive } = await begin()
      const show = await enrol()
      const [weak] = await meet(
        pool,
        (transaction) => sign(['pwd'], transaction),
        () => confirm(show()),
        clock
      )
      t.type(weak, Object)
      t.equal(await isAlive(weak), false)
    })

    await t.test('keep a login with a password waiting, which then opens nothing', async (t) => {
      const { session, sign, enrol } = await begin()
      const show = await enrol()
      const [, weak] = await meet(
        pool,
        async (transaction) => {
          await transaction.query(sql`SELECT FROM users WHERE id = ${session.sub} FOR NO KEY UPDATE`)
          await finishTotp(enrolment, { transaction, session }, show())
        },
        () => sign(['pwd']),
        clock
      )
      t.equal(weak, undefined)
    })

    await t.test('change while sessions of the account end one another, without a deadlock', async (t) => {
      for (let round = 0; round < 10; round += 1) {
        const { session, sign, enrol, confirm } = await begin()
        const others = await Promise.all([1, 2, 3, 4].map(() => sign(['pwd'])))
        const show = await enrol()
        const ends = others.map((other) =>
          endSessions(open(), LIFETIMES, other as SessionOfUser, session.sid, 'ended by the user')
        )
        const outcomes = await Promise.all([
          confirm(show()).catch(({ code }: { code: string }) => code),
          ...ends.map((end) => end.catch(({ code }: { code: string }) => code))
        ])
        t.notOk(outcomes.includes('40P01' as never), 'no deadlock')
      }
    })
  }
})
