import { ACCOUNT_ARGUMENT, displayName, findAccount, OPERATOR_TIMEOUT, setPassword } from '../../src/admin/accounts.ts'
import type { DefineCommand } from '../../src/cli/command-line.ts'
import { readSecret } from '../../src/cli/terminal.ts'
import { countOf } from '../../src/plural.ts'

const define: DefineCommand = (command, { terminal, open, answer }) => {
  command
    .description('change the password of an account, end its sessions, and reset its counters')
    .argument('<user>', ACCOUNT_ARGUMENT)
    .option('--keep-sessions', 'do not end sessions')
    .addHelpText('after', '\nThe password is read from LATCHKEY_PASSWORD, the terminal, or standard input.')
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
        `Password changed for ${displayName(account)}; ${countOf(ended, 'session')} ended`
      )
    })
}

export default define
