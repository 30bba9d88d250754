import { findAccount, OPERATOR_TIMEOUT } from '../../src/admin/accounts.ts'
import type { DefineCommand } from '../../src/cli/command-line.ts'
import { readSecret } from '../../src/cli/terminal.ts'
import { validateNewNames } from '../../src/users/new-names.ts'
import { addUser } from '../../src/users/users.ts'

interface Options {
  username?: string
  email?: string
  verified?: boolean
}

const create: DefineCommand = (command, { terminal, open, answer }) => {
  command
    .description('create an account, subject to the rules of registration')
    .option('--username <name>')
    .option('--email <address>')
    .option('--verified', 'mark the email address as verified')
    .addHelpText('after', '\nThe password is read from LATCHKEY_PASSWORD, the terminal, or standard input.')
    .allowExcessArguments()
    .action(async ({ verified: emailVerified = false, ...given }: Options) => {
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
      const { id } = await addUser(database, { ...names, emailVerified, passwordHash })
      audit.record('operator', 'user created', { account: id })
      answer(await findAccount(database, id), `${names.username ?? names.email} is user ${id}`)
    })
}

export default create
