import { ACCOUNT_ARGUMENT, displayName, enableAccount, OPERATOR_TIMEOUT } from '../../src/admin/accounts.ts'
import type { DefineCommand } from '../../src/cli/command-line.ts'

const enable: DefineCommand = (command, { open, answer }) => {
  command
    .description('enable a disabled account')
    .argument('<user>', ACCOUNT_ARGUMENT)
    .action(async (user: string) => {
      const { audit, database } = await open()
      const { account, wasDisabled } = await enableAccount(database.open(OPERATOR_TIMEOUT), user)
      if (wasDisabled) audit.record('operator', 'user enabled', { account: account.id })
      answer(
        { ...account, was_disabled: wasDisabled },
        wasDisabled ? `Enabled ${displayName(account)}` : `${displayName(account)} was not disabled`
      )
    })
}

export default enable
