import { ACCOUNT_ARGUMENT, displayName, endAccountSessions, OPERATOR_TIMEOUT } from '../../src/admin/accounts.ts'
import type { DefineCommand } from '../../src/cli/command-line.ts'
import { countOf } from '../../src/plural.ts'

const endSessions: DefineCommand = (command, { open, answer }) => {
  command
    .description('end all sessions of an account')
    .argument('<user>', ACCOUNT_ARGUMENT)
    .action(async (user: string) => {
      const { audit, database, sessions } = await open()
      const { account, ended } = await endAccountSessions(database.open(OPERATOR_TIMEOUT), sessions.rules, user)
      audit.record('operator', 'sessions ended', { account: account.id, detail: { count: ended } })
      answer({ ...account, sessions_ended: ended }, `${countOf(ended, 'session')} of ${displayName(account)} ended`)
    })
}

export default endSessions
