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
      const { account, guesses, codes } = await unlockAccount(database, deriveKey('limits'), user)
      audit.record('operator', 'user unlocked', { account: account.id })
      const reset = guesses.reduce((sum, { wrong }) => sum + wrong, 0)
      const counted = [...guesses, { name: 'second step', ...codes }]
      const blocked = counted.filter(({ blockedFor }) => blockedFor > 0).map(({ name }) => name)
      const freed = blocked.length > 0 ? `, and its ${blocked.join(' and ')} no longer blocked` : ''
      const wrongCodes = codes.wrong > 0 ? ` and ${countOf(codes.wrong, 'wrong code')}` : ''
      answer(
        { ...account, wrong_passwords_reset: reset, wrong_codes_reset: codes.wrong, were_blocked: blocked },
        `${countOf(reset, 'wrong password')}${wrongCodes} of ${displayName(account)} reset${freed}`
      )
    })
}

export default unlock
