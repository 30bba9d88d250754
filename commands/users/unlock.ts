import { calledBy, NAMED_BY, OPERATOR_TIMEOUT, unlockAccount } from '../../src/admin/accounts.ts'
import type { DefineCommand } from '../../src/cli/command-line.ts'
import { countOf } from '../../src/plural.ts'

const unlock: DefineCommand = (command, { open, answer }) => {
  command
    .description('forget the wrong passwords of an account, so that its names are no longer blocked')
    .argument('<user>', NAMED_BY)
    .action(async (user: string) => {
      const fastify = await open()
      const { audit, deriveKey } = fastify
      const database = fastify.database.open(OPERATOR_TIMEOUT)
      const { account, guesses } = await unlockAccount(database, deriveKey('limits'), user)
      audit.record('operator', 'user unlocked', { account: account.id })
      const forgotten = guesses.reduce((sum, { wrong }) => sum + wrong, 0)
      const blocked = guesses.filter(({ blockedFor }) => blockedFor > 0).map(({ name }) => name)
      const freed = blocked.length > 0 ? `, and its ${blocked.join(' and ')} no longer blocked` : ''
      answer(
        { ...account, wrong_passwords_forgotten: forgotten, were_blocked: blocked },
        `${countOf(forgotten, 'wrong password')} of ${calledBy(account)} forgotten${freed}`
      )
    })
}

export default unlock
