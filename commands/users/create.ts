import { findAccount, OPERATOR_TIMEOUT } from '../../src/admin/accounts.ts'
import { sortRoles } from '../../src/admin/roles.ts'
import type { DefineCommand } from '../../src/cli/command-line.ts'
import { addRole } from '../../src/cli/option-values.ts'
import { readSecret } from '../../src/cli/terminal.ts'
import { validateNewNames } from '../../src/users/new-names.ts'
import { addUser } from '../../src/users/users.ts'

interface Options {
  username?: string
  email?: string
  verified?: boolean
  role?: string[]
}

const create: DefineCommand = (command, { terminal, open, answer }) => {
  command
    .description('create an account, subject to the rules of registration')
    .option('--username <name>')
    .option('--email <address>')
    .option('--verified', 'mark the email address as verified')
    .option('--role <role>', 'give it a role, such as admin; may be repeated', addRole)
    .addHelpText('after', '\nThe password is read from LATCHKEY_PASSWORD, the terminal, or standard input.')
    .allowExcessArguments()
    .action(async ({ verified: emailVerified = false, role: wanted = [], ...given }: Options) => {
      const [word] = command.args
      if (word !== undefined)
        command.error(`error: did you mean '--${word.includes('@') ? 'email' : 'username'} ${word}'?`)
      if (emailVerified && given.email === undefined)
        command.error("error: option '--verified' needs '--email <address>'")
      const names = validateNewNames(given)
      const fastify = await open()
      const { audit, passwords } = fastify
      const password = await readSecret(terminal, 'Password', 'LATCHKEY_PASSWORD')
      passwords.accept(password, [names.username, names.email])
      const passwordHash = await passwords.hash(password)
      const database = fastify.database.open(OPERATOR_TIMEOUT)
      const roles = sortRoles(wanted)
      const { id } = await addUser(database, { ...names, emailVerified, roles, passwordHash })
      audit.record('operator', 'user created', {
        account: id,
        ...(roles.length > 0 && { detail: { roles_before: [], roles } })
      })
      answer(await findAccount(database, id), `${names.username ?? names.email} is user ${id}`)
    })
}

export default create
