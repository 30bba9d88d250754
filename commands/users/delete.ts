import { type Account, calledBy, deleteAccount, findAccount, NAMED_BY, OPERATOR_PATIENCE } from '../../src/accounts.ts'
import type { DefineCommand } from '../../src/command-line.ts'
import { countSessions } from '../../src/sessions.ts'
import { countOf } from '../../src/terminal.ts'

const define: DefineCommand = (command, { open, answer }) => {
  command
    .description('delete an account with all that belongs to it, for good')
    .argument('<user>', NAMED_BY)
    .option('--yes', 'do it: without this, nothing is deleted')
    .option('--dry-run', 'only tell what would go')
    .action(async (user: string, { yes, dryRun }: { yes?: boolean; dryRun?: boolean }) => {
      const { audit, openDatabase, sessionRules } = await open()
      const database = openDatabase(OPERATOR_PATIENCE)
      if (yes && !dryRun) {
        const { account, ended } = await deleteAccount(database, sessionRules, user)
        audit.record('operator', 'user deleted', { account: account.id })
        answer(describe(account, ended, true), `deleted ${tell(account, ended)}`)
        return
      }
      const account = await findAccount(database, user)
      const living = await countSessions(database, sessionRules, account.id)
      const hint = dryRun ? '' : '\nNothing is deleted without --yes.'
      answer(describe(account, living, false), `would delete ${tell(account, living)}${hint}`, dryRun ? 0 : 1)
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
