import { ACCOUNT_ARGUMENT, disableAccount, displayName, OPERATOR_TIMEOUT } from '../../src/admin/accounts.ts'
import type { DefineCommand } from '../../src/cli/command-line.ts'
import { FORCE } from '../../src/cli/option-values.ts'
import { countOf } from '../../src/plural.ts'

const disable: DefineCommand = (command, { open, answer }) => {
  command
    .description('disable an account, and end its sessions')
    .argument('<user>', ACCOUNT_ARGUMENT)
    .option(...FORCE)
    .action(async (user: string, options: { force?: boolean }) => {
      const fastify = await open()
      const { audit, sessions } = fastify
      const database = fastify.database.open(OPERATOR_TIMEOUT)
      const { account, wasDisabled, ended } = await disableAccount(database, sessions.rules, user, options)
      const name = displayName(account)
      if (!wasDisabled) audit.record('operator', 'user disabled', { account: account.id, detail: { count: ended } })
      answer(
        { ...account, was_disabled: wasDisabled, sessions_ended: ended },
        `${wasDisabled ? `${name} was already disabled` : `Disabled ${name}`}; ${countOf(ended, 'session')} ended`
      )
    })
}

export default disable
