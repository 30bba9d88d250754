import type { DefineCommand } from '../../src/cli/command-line.ts'
import { table } from '../../src/cli/table.ts'
import { systemClock } from '../../src/clock.ts'
import { createProviders, lazyOpenId } from '../../src/providers/providers.ts'

const list: DefineCommand = (command, { config, answer }) => {
  command.description('list the providers with which people sign in, and their redirect addresses').action(() => {
    const all = createProviders(config(), { clock: systemClock, openId: lazyOpenId(systemClock) })
    const providers = [...all.values()].map(({ settings, redirectUri }) => ({
      id: settings.id,
      kind: settings.kind,
      label: settings.label,
      issuer: settings.issuer,
      redirect_uri: redirectUri,
      scopes: settings.scopes,
      trust_email: settings.trustEmail,
      link: settings.link,
      sign_up: settings.signUp
    }))
    const rows = providers.map(({ id, kind, issuer, redirect_uri }) => [id, kind, issuer, redirect_uri])
    answer(
      { providers },
      rows.length === 0
        ? 'No providers: PROVIDERS is not set or its list is empty.'
        : table(['ID', 'KIND', 'ISSUER', 'REDIRECT ADDRESS'], rows)
    )
  })
}

export default list
