import { test } from 'tap'
import { sql } from '../../../src/database/sql.ts'
import { makeRecoveryCodes } from '../../../src/factors/recovery-codes.ts'
import { signIn } from '../../helpers/app.ts'
import { enrolApp, enrolPasskey, requireStep } from '../../helpers/enrolled.ts'
import { done, UNKNOWN, workplace } from './workplace.ts'

test('users reset-factors', async (t) => {
  const { fastify, run, ask } = await workplace(t)
  const { user } = await signIn(fastify, { username: 'ada' })
  const database = fastify.database.open()
  async function enrol() {
    await enrolApp(database, fastify.deriveKey('totp secrets'), user.id)
    await enrolPasskey(database, user.id)
    await makeRecoveryCodes(database, fastify.deriveKey('recovery codes'), user.id)
    await requireStep(database, user.id)
  }

  await enrol()
  t.strictSame(
    await run(['users', 'reset-factors', 'ada']),
    done('Factors of ada reset: its authenticator app, 10 recovery codes removed; 1 session ended')
  )
  await enrol()
  t.match(await ask('users', 'reset-factors', 'ada', '--passkeys'), {
    username: 'ada',
    totp_removed: true,
    recovery_codes_removed: 10,
    passkeys_removed: 2,
    second_step_was_required: true,
    sessions_ended: 0
  })
  await enrolPasskey(database, user.id)
  t.strictSame(
    await run(['users', 'reset-factors', 'ada', '--passkeys']),
    done('Factors of ada reset: 1 passkey removed; 0 sessions ended')
  )
  t.strictSame(
    await run(['users', 'reset-factors', 'ada']),
    done('Factors of ada reset, which had none; 0 sessions ended')
  )
  t.strictSame(await run(['users', 'reset-factors', 'nobody']), UNKNOWN)
  const { records } = await ask('audit', 'list', '--action', 'factors reset')
  t.match(records.at(-1), { actor: 'operator', account: user.id, detail: { count: 0 } })
  t.strictSame(await database.query(sql`SELECT mfa_required FROM users`), [{ mfa_required: false }])
})
