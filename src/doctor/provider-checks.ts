import { systemClock } from '../clock.ts'
import type { Config } from '../config/config.ts'
import { isPlainLoopback } from '../http/loopback.ts'
import { type Check, FederationRefusal, type Provider, type Reason } from '../providers/provider.ts'
import { createProviders, lazyOpenId } from '../providers/providers.ts'
import { bad, type Finding, good, warning } from './finding.ts'

/** Checks the configured providers, at the same time. */
export async function checkProviders(config: Pick<Config, 'PROVIDERS' | 'PUBLIC_URL'>): Promise<Finding[]> {
  const providers = createProviders(config, { clock: systemClock, openId: lazyOpenId(systemClock) })
  return (await Promise.all([...providers.values()].map(checkProvider))).flat()
}

/** Checks what the provider announces, and whether it knows this service. Signs nobody in. */
export async function checkProvider({ settings, checks }: Provider): Promise<Finding[]> {
  const about = `provider ${settings.id}`
  const findings = isPlainLoopback(settings.issuer)
    ? [warning(about, 'its issuer has no TLS: only this machine can use it', 'set issuer to an https:// URL')]
    : []
  const found: string[] = []
  for (const check of checks) {
    try {
      found.push(await check.run())
    } catch (error) {
      if (!(error instanceof FederationRefusal)) throw error
      return [...findings, describeRefusal(about, check, error.reason, settings.kind === 'apple')]
    }
  }
  return [...findings, good(about, found.join(', '))]
}

/** What was asked for in each check. */
const ASKED = {
  metadata: 'its metadata at /.well-known/openid-configuration',
  keys: 'its keys at the jwks_uri of its metadata',
  client: 'its token endpoint'
}

function describeRefusal(about: string, check: Check, reason: Reason, isApple: boolean): Finding {
  const asked = ASKED[check.about]
  switch (reason) {
    case 'provider unavailable':
      return bad(about, `${asked}: no answer`, 'check the issuer, and that this machine can connect to it')
    case 'wrong issuer':
      return bad(about, `${asked}: another issuer`, 'set issuer to exactly the one in the metadata')
    case 'unknown key':
      return bad(about, `${asked}: no signing key`, 'without one, no token can be verified: ask its operator')
    case 'client refused': {
      const names = isApple ? 'client_id, team, key_id and key' : 'client_id and client_secret'
      return bad(
        about,
        'refuses this service as its client',
        `copy ${names} again: they may be wrong, expired or revoked`
      )
    }
    default:
      return bad(about, `${asked}: not an answer of such a provider`, 'check kind and issuer')
  }
}
