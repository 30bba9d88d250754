import { resetFactors } from '../../src/admin/account-factors.ts'
import { ACCOUNT_ARGUMENT, displayName, OPERATOR_TIMEOUT } from '../../src/admin/accounts.ts'
import type { DefineCommand } from '../../src/cli/command-line.ts'
import { countOf } from '../../src/plural.ts'

const define: DefineCommand = (command, { open, answer }) => {
  command
    .description(
      'remove the authenticator app, the recovery codes and the second step of an account; ends its sessions'
    )
    .argument('<user>', ACCOUNT_ARGUMENT)
    .option('--passkeys', 'delete its passkeys too')
    .addHelpText(
      'after',
      '\nThe password alone signs in afterwards. If somebody else may know it, set another one first: users set-password.'
    )
    .action(async (user: string, { passkeys = false }: { passkeys?: boolean }) => {
      const { audit, database, deriveKey, mail, sessions } = await open()
      const reset = { passkeys, mail: mail.available }
      const { account, before, ended } = await resetFactors(
        database.open(OPERATOR_TIMEOUT),
        sessions.rules,
        deriveKey('limits'),
        user,
        reset
      )
      const deleted = passkeys ? before.passkeys : 0
      audit.record('operator', 'factors reset', { account: account.id, detail: { count: ended } })
      const removed = [
        ...(before.totp ? ['its authenticator app'] : []),
        ...(before.recovery_codes > 0 ? [countOf(before.recovery_codes, 'recovery code')] : []),
        ...(deleted > 0 ? [countOf(deleted, 'passkey')] : [])
      ]
      const what = removed.length > 0 ? `: ${removed.join(', ')} removed` : ', which had none'
      answer(
        {
          ...account,
          totp_removed: before.totp !== null,
          recovery_codes_removed: before.recovery_codes,
          passkeys_removed: deleted,
          second_step_was_required: before.required,
          sessions_ended: ended
        },
        `Factors of ${displayName(account)} reset${what}; ${countOf(ended, 'session')} ended`
      )
    })
}

export default define
