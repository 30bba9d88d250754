import { ACCOUNT_ARGUMENT, displayName, OPERATOR_TIMEOUT, renameAccount } from '../../src/admin/accounts.ts'
import type { DefineCommand } from '../../src/cli/command-line.ts'
import { validateNewNames } from '../../src/users/new-names.ts'

const rename: DefineCommand = (command, { open, answer }) => {
  command
    .description('change the username of an account; may be a reserved one')
    .argument('<user>', ACCOUNT_ARGUMENT)
    .argument('<username>', 'subject to the rules of registration')
    .action(async (user: string, username: string) => {
      validateNewNames({ username })
      const { audit, config, database } = await open()
      const tokenTtl = config.ACCESS_TOKEN_TTL
      const { account, before } = await renameAccount(database.open(OPERATOR_TIMEOUT), { tokenTtl }, user, username)
      audit.record('operator', 'username changed', { account: account.id })
      answer({ ...account, username_before: before.username }, `Renamed ${displayName(before)} to ${username}`)
    })
}

export default rename
