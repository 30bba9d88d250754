import type { Config } from '../config/config.ts'
import { hasPasskeys, originsWithoutPasskeys, type RelyingParty, readRelyingParty } from '../config/relying-party.ts'
import { countOf } from '../plural.ts'
import { bad, type Finding, good, warning } from './finding.ts'

/** Checks that users can have passkeys, and where. The service logs the warnings at its start too. */
export function checkPasskeys(
  config: Pick<Config, 'PUBLIC_URL' | 'CORS_ORIGINS' | 'PASSKEY_RP_ID' | 'PASSKEY_ORIGINS'>
): Finding[] {
  const { party } = readRelyingParty(config)
  if (!party) {
    const why = `none at ${config.PUBLIC_URL}: browsers have them only on https with a name, and on localhost`
    return [warning('passkeys', why, 'set PUBLIC_URL to an https:// URL with a name')]
  }
  const findings = [good('passkeys', `RP ID ${party.id}, at ${party.origins.filter(hasPasskeys).join(', ')}`)]
  const without = originsWithoutPasskeys(party, config)
  if (without.length > 0) {
    const fix = 'set PASSKEY_RP_ID to a domain above them, or list them in PASSKEY_ORIGINS'
    findings.push(warning('CORS_ORIGINS', `no passkeys at ${without.join(', ')}`, fix))
  }
  return findings
}

/**
 * Checks that the stored passkeys can be used.
 *
 * @param count how many are of another RP ID
 */
export function checkForeignPasskeys(count: number, party: RelyingParty | undefined): Finding[] {
  if (count === 0) return []
  const why = party ? `of another RP ID than ${party.id}` : 'stored, but PUBLIC_URL can have none'
  const fix = 'set PASSKEY_RP_ID or PUBLIC_URL back, or have their owners delete them'
  return [bad('passkeys', `${countOf(count, 'passkey')} ${why}: nobody can use them`, fix)]
}
