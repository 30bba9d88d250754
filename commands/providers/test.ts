import type { DefineCommand } from '../../src/cli/command-line.ts'
import { systemClock } from '../../src/clock.ts'
import { describeFindings, isAnyBad } from '../../src/doctor/finding.ts'
import { checkProvider } from '../../src/doctor/provider-checks.ts'
import { createProviders, lazyOpenId } from '../../src/providers/providers.ts'

const define: DefineCommand = (command, { config, answer }) => {
  command
    .description('test a provider: what it announces, its keys, and whether it knows this service')
    .argument('<id>', 'the id of a provider')
    .addHelpText(
      'after',
      '\nSigns nobody in. Redeems a code that was never issued, which the provider may log. The exit code is 1 if a finding' +
        ' is BAD.'
    )
    .action(async (id: string) => {
      const providers = createProviders(config(), { clock: systemClock, openId: lazyOpenId(systemClock) })
      const provider = providers.get(id)
      if (!provider) throw new Error(`There is no provider with the id ${id}.`)
      const findings = await checkProvider(provider)
      const { redirectUri } = provider
      const text = `${describeFindings(findings)}\nredirect address: ${redirectUri}`
      answer({ id, redirect_uri: redirectUri, findings }, text, isAnyBad(findings) ? 1 : 0)
    })
}

export default define
