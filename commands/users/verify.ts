import { ACCOUNT_ARGUMENT, OPERATOR_TIMEOUT, verifyAccount } from '../../src/admin/accounts.ts'
import type { DefineCommand } from '../../src/cli/command-line.ts'

const verify: DefineCommand = (command, { open, answer }) => {
  command
    .description('mark the email address of an account as verified')
    .argument('<user>', ACCOUNT_ARGUMENT)
    .action(async (user: string) => {
      const { audit, database } = await open()
      const { account, wasVerified } = await verifyAccount(database.open(OPERATOR_TIMEOUT), user)
      if (!wasVerified) audit.record('operator', 'email verified', { account: account.id })
      answer(
        { ...account, was_verified: wasVerified },
        `${account.email} ${wasVerified ? 'was verified already' : 'is verified'}`
      )
    })
}

export default verify
