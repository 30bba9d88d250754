import { InvalidArgumentError } from 'commander'
import { changeRoles } from '../../src/admin/account-roles.ts'
import { ACCOUNT_ARGUMENT, displayName, OPERATOR_TIMEOUT } from '../../src/admin/accounts.ts'
import type { DefineCommand } from '../../src/cli/command-line.ts'
import { FORCE } from '../../src/cli/option-values.ts'
import { isRole } from '../../src/schemas/fields.ts'

/** A role that is given or taken. */
interface Change {
  role: string
  given: boolean
}

const roles: DefineCommand = (command, { open, answer }) => {
  command
    .description('show the roles of an account, give it roles and take others')
    .argument('<user>', ACCOUNT_ARGUMENT)
    .argument('[changes...]', 'such as +admin -editor', addChange, [])
    .option(...FORCE)
    // A role that is taken begins like an option.
    .allowUnknownOption()
    .action(async (user: string, changes: Change[], { force = false }: { force?: boolean }) => {
      const { audit, database } = await open()
      const [add, remove] = [true, false].map((which) =>
        changes.filter(({ given }) => given === which).map(({ role }) => role)
      ) as [string[], string[]]
      const change = { add, remove, force }
      const { account, before } = await changeRoles(database.open(OPERATOR_TIMEOUT), user, change)
      if (before.join() !== account.roles.join()) {
        const detail = { roles_before: before, roles: account.roles }
        audit.record('operator', 'roles changed', { account: account.id, detail })
      }
      const now = account.roles.length > 0 ? account.roles.join(', ') : 'none'
      answer({ ...account, roles_before: before }, `Roles of ${displayName(account)}: ${now}`)
    })
}

/** Parses +role or -role. */
function addChange(text: string, changes: Change[]): Change[] {
  const role = text.slice(1)
  if (!/^[+-]/.test(text) || !isRole(role)) {
    throw new InvalidArgumentError('It must be + or - and the name of a role, such as +editor.')
  }
  if (changes.some((change) => change.role === role)) throw new InvalidArgumentError(`It names ${role} twice.`)
  return [...changes, { role, given: text.startsWith('+') }]
}

export default roles
