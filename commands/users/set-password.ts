import { calledBy, findAccount, NAMED_BY, OPERATOR_TIMEOUT, setPassword } from '../../src/admin/accounts.ts'
import type { DefineCommand } from '../../src/cli/command-line.ts'
import { readSecret } from '../../src/cli/terminal.ts'
import { countOf } from '../../src/plural.ts'

const define: DefineCommand = (command, { terminal, open, answer }) => {
  command
    .description('give an account another password, end its sessions, and forget its wrong passwords')
    .argument('<user>', NAMED_BY)
    .option('--keep-sessions', 'end none')
    .addHelpText('after', '\nThe password is asked for, or read from standard input or LATCHKEY_PASSWORD.')
    .action(async (user: string, { keepSessions = false }: { keepSessions?: boolean }) => {
      const fastify = await open()
      const { audit, passwords, deriveKey, sessions } = fastify
      const database = fastify.database.open(OPERATOR_TIMEOUT)
      const { id, username, email } = await findAccount(database, user)
      const password = await readSecret(terminal, 'New password', 'LATCHKEY_PASSWORD')
      passwords.accept(password, [username, email])
      const change = { hash: await passwords.hash(password), keepSessions }
      const { account, ended } = await setPassword(database, sessions.rules, deriveKey('limits'), id, change)
      audit.record('operator', 'password set', { account: id, detail: { count: ended } })
      answer(
        { ...account, sessions_ended: ended },
        `${calledBy(account)} has another password, ${countOf(ended, 'session')} ended`
      )
    })
}

export default define
