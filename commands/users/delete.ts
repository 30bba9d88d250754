import {
  type Account,
  calledBy,
  deleteAccount,
  findAccount,
  NAMED_BY,
  OPERATOR_TIMEOUT
} from '../../src/admin/accounts.ts'
import { type DefineCommand, UNCONFIRMED } from '../../src/cli/command-line.ts'
import { countOf } from '../../src/plural.ts'
import { countSessions } from '../../src/sessions/sessions.ts'

const define: DefineCommand = (command, { open, confirm, answer }) => {
  command
    .description('delete an account with all that belongs to it, for good')
    .argument('<user>', NAMED_BY)
    .option('--dry-run', 'only tell what would go')
    .action(async (user: string, { dryRun = false }: { dryRun?: boolean }) => {
      const fastify = await open()
      const { audit, sessions } = fastify
      const database = fastify.database.open(OPERATOR_TIMEOUT)
      const found = await findAccount(database, user)
      const living = await countSessions(database, sessions.rules, found.id)
      const would = `would delete ${tell(found, living)}`
      if (dryRun) return answer(describe(found, living, false), would)
      if (!(await confirm(would))) return answer(describe(found, living, false), would + UNCONFIRMED, 1)
      const { account, ended } = await deleteAccount(database, sessions.rules, found.id)
      audit.record('operator', 'user deleted', { account: account.id })
      answer(describe(account, ended, true), `deleted ${tell(account, ended)}`)
    })
}

const describe = (account: Account, living: number, deleted: boolean) => ({
  ...account,
  living_sessions: living,
  deleted
})

const tell = (account: Account, living: number) =>
  `${calledBy(account)}, user ${account.id}, with ${countOf(living, 'living session')}`

export default define
