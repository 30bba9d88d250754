import { sign } from 'node:crypto'
import type { ProviderSettings } from '../config/providers-file.ts'

/** How long a client secret for Apple is valid, in seconds. It is made for each request. */
const LIFETIME = 300

const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')

/**
 * The client secret of a provider. Apple's is a JWT that this service signs with ES256.
 *
 * @param now milliseconds since the epoch
 */
export function clientSecretOf({ client, clientId, issuer }: ProviderSettings, now: number): string {
  if ('secret' in client) return client.secret
  const { team, keyId, key } = client
  const iat = Math.floor(now / 1000)
  const claims = { iss: team, iat, exp: iat + LIFETIME, aud: issuer, sub: clientId }
  const content = `${encode({ alg: 'ES256', kid: keyId })}.${encode(claims)}`
  const signature = sign('sha256', Buffer.from(content), { key, dsaEncoding: 'ieee-p1363' })
  return `${content}.${signature.toString('base64url')}`
}
