import {
  ACCOUNT_ARGUMENT,
  type Account,
  deleteAccount,
  displayName,
  findAccount,
  OPERATOR_TIMEOUT
} from '../../src/admin/accounts.ts'
import { type DefineCommand, UNCONFIRMED } from '../../src/cli/command-line.ts'
import { FORCE } from '../../src/cli/option-values.ts'
import { countOf } from '../../src/plural.ts'
import { countSessions } from '../../src/sessions/sessions.ts'

const define: DefineCommand = (command, { open, confirm, answer }) => {
  command
    .description('delete an account and all its data permanently')
    .argument('<user>', ACCOUNT_ARGUMENT)
    .option('--dry-run', 'show what would be deleted, and change nothing')
    .option(...FORCE)
    .action(async (user: string, { dryRun = false, ...options }: { dryRun?: boolean; force?: boolean }) => {
      const fastify = await open()
      const { audit, sessions } = fastify
      const database = fastify.database.open(OPERATOR_TIMEOUT)
      const found = await findAccount(database, user)
      const active = await countSessions(database, sessions.rules, found.id)
      const would = `Would delete ${summarize(found, active)}`
      if (dryRun) return answer(describe(found, active, false), would)
      if (!(await confirm(would))) return answer(describe(found, active, false), would + UNCONFIRMED, 1)
      const { account, ended } = await deleteAccount(database, sessions.rules, found.id, options)
      audit.record('operator', 'user deleted', { account: account.id, detail: { count: ended } })
      answer(describe(account, ended, true), `Deleted ${summarize(account, ended)}`)
    })
}

const describe = (account: Account, active: number, deleted: boolean) => ({
  ...account,
  active_sessions: active,
  deleted
})

const summarize = (account: Account, active: number) =>
  `${displayName(account)}, user ${account.id}, with ${countOf(active, 'active session')}`

export default define
