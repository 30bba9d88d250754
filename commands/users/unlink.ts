import { ACCOUNT_ARGUMENT, displayName, OPERATOR_TIMEOUT } from '../../src/admin/accounts.ts'
import type { DefineCommand } from '../../src/cli/command-line.ts'
import { readRelyingParty } from '../../src/config/relying-party.ts'
import { unlinkProvider } from '../../src/flows/provider-unlink.ts'

const define: DefineCommand = (command, { open, answer }) => {
  command
    .description('remove a provider from an account: it no longer signs in with it')
    .argument('<user>', ACCOUNT_ARGUMENT)
    .argument('<provider>', 'the id of a provider, as users show lists it')
    .addHelpText('after', '\nEnds no session: users end-sessions does.')
    .action(async (user: string, provider: string) => {
      const { audit, config, database } = await open()
      const { account, removed, canSignIn } = await unlinkProvider(
        database.open(OPERATOR_TIMEOUT),
        user,
        provider,
        readRelyingParty(config).party?.id
      )
      audit.record('operator', 'identity unlinked', { account: account.id, detail: { provider, count: removed } })
      const name = displayName(account)
      const warning = canSignIn ? '' : `. ${name} can no longer sign in: set a password with users set-password`
      answer(
        { ...account, provider, identities_removed: removed, can_sign_in: canSignIn },
        `Unlinked ${provider} from ${name}${warning}`
      )
    })
}

export default define
