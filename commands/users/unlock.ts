import { ACCOUNT_ARGUMENT, displayName, OPERATOR_TIMEOUT, unlockAccount } from '../../src/admin/accounts.ts'
import type { DefineCommand } from '../../src/cli/command-line.ts'
import { countOf } from '../../src/plural.ts'

const unlock: DefineCommand = (command, { open, answer }) => {
  command
    .description('reset the counters of wrong passwords and codes of an account')
    .argument('<user>', ACCOUNT_ARGUMENT)
    .action(async (user: string) => {
      const fastify = await open()
      const { audit, deriveKey } = fastify
      const database = fastify.database.open(OPERATOR_TIMEOUT)
      const { account, guesses, wrongCodes } = await unlockAccount(database, deriveKey('limits'), user)
      audit.record('operator', 'user unlocked', { account: account.id })
      const reset = guesses.reduce((sum, { wrong }) => sum + wrong, 0)
      const blocked = guesses.filter(({ blockedFor }) => blockedFor > 0).map(({ name }) => name)
      const freed = blocked.length > 0 ? `, and its ${blocked.join(' and ')} no longer blocked` : ''
      const codes = wrongCodes > 0 ? ` and ${countOf(wrongCodes, 'wrong code')}` : ''
      answer(
        { ...account, wrong_passwords_reset: reset, wrong_codes_reset: wrongCodes, were_blocked: blocked },
        `${countOf(reset, 'wrong password')}${codes} of ${displayName(account)} reset${freed}`
      )
    })
}

export default unlock
