import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type JsonWebKey } from 'node:crypto'
import type { Clock } from './clock.ts'
import type { Database } from './database.ts'
import { type Secrets, seal, unseal } from './sealing.ts'

/** A public key as JWKS publishes it (RFC 7517 §4, RFC 7518 §6.2). */
export interface PublicKey {
  kty: 'EC'
  crv: 'P-256'
  x: string
  y: string
  kid: string
  alg: 'ES256'
  use: 'sig'
}

/** A key of the ring as an instance holds it. */
export interface SigningKey {
  kid: string
  jwk: PublicKey
  /** PEM. */
  publicKey: string
  /** PEM; none where no secret of this instance unwraps it: it then verifies only. */
  privateKey: string | undefined
  /** Milliseconds from the reading of the ring until it signs; below zero when it does already. */
  signsIn: number
}

/**
 * How long a new key is published before it signs, in seconds: as long as a JWKS may be cached (300 s), and as an
 * instance takes to notice it (60 s).
 */
export const LEAD = 360

/** Any number that nothing else in the database locks. */
const LOCK = 0x6b657973

/** No private key of the ring can be unwrapped. */
export class SecretMismatch extends Error {
  override readonly name = 'SecretMismatch'

  constructor(count: number) {
    super(
      `SECRET_KEY unwraps none of the ${count} signing keys in the database: set the SECRET_KEY that they were made with, or add it as SECRET_KEY_PREVIOUS`
    )
  }
}

/** Makes the first key where the ring is empty; of several instances at once, one does. It signs from now on. */
export async function ensureKey(database: Database, clock: Clock, secrets: Secrets): Promise<void> {
  await database.transact(async (transaction) => {
    await transaction.query('SELECT pg_advisory_xact_lock($1)', [LOCK])
    const [found] = await transaction.query('SELECT 1 FROM signing_keys LIMIT 1')
    if (!found) await addKey(transaction, clock, secrets, 0)
  })
}

/**
 * Adds a key to the ring.
 *
 * @param lead seconds until it signs
 * @returns its kid, the RFC 7638 thumbprint
 */
export async function addKey(database: Database, clock: Clock, secrets: Secrets, lead = LEAD): Promise<string> {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const { kty, crv, x, y } = pair.publicKey.export({ format: 'jwk' })
  const kid = createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url')
  // The kid is the associated data, so that no wrapped key passes for another's.
  const wrapped = seal(pair.privateKey.export({ format: 'der', type: 'pkcs8' }), PURPOSE, kid, secrets)
  await database.query(
    `INSERT INTO signing_keys (kid, public_key, private_key, created_at, sign_from)
     SELECT $1, $2, $3, moment, moment + make_interval(secs => $5)
     FROM (SELECT now() + $4 * interval '1 millisecond' AS moment) AS clock`,
    [kid, { kty, crv, x, y }, wrapped, clock.offset, lead]
  )
  return kid
}

/**
 * Reads the ring, oldest key first, without those whose last token is over.
 *
 * @param tokenTtl how long a token lives, in seconds
 * @throws SecretMismatch when there are keys and none can be unwrapped
 */
export async function readRing(
  database: Database,
  clock: Clock,
  secrets: Secrets,
  tokenTtl: number
): Promise<SigningKey[]> {
  // A key signs until the next one does, or a little longer where an instance has not read the ring yet.
  const rows = await database.query<{ kid: string; public_key: JsonWebKey; private_key: Buffer; signs_in: number }>(
    `SELECT kid, public_key, private_key, signs_in::float8
     FROM (
       SELECT kid, public_key, private_key, sign_from,
         extract(epoch FROM sign_from - now()) * 1000 - $1 AS signs_in,
         lead(sign_from) OVER (ORDER BY sign_from, kid) AS signs_until
       FROM signing_keys
     ) AS ring
     WHERE signs_until IS NULL OR extract(epoch FROM now() - signs_until) + $1 / 1000.0 < $2
     ORDER BY sign_from, kid`,
    [clock.offset, tokenTtl + NOTICE]
  )
  const ring = rows.map(({ kid, public_key, private_key, signs_in }) => ({
    kid,
    jwk: { ...(public_key as Omit<PublicKey, 'kid' | 'alg' | 'use'>), kid, alg: 'ES256', use: 'sig' } as const,
    publicKey: createPublicKey({ key: public_key, format: 'jwk' }).export({ format: 'pem', type: 'spki' }) as string,
    privateKey: unwrap(private_key, kid, secrets),
    signsIn: signs_in
  }))
  if (ring.length > 0 && ring.every(({ privateKey }) => privateKey === undefined)) throw new SecretMismatch(ring.length)
  return ring
}

/** How long an instance may take to notice a change of the ring, in seconds. */
export const NOTICE = 60

const PURPOSE = 'signing key wrap'

function unwrap(wrapped: Buffer, kid: string, secrets: Secrets): string | undefined {
  const key = unseal(wrapped, PURPOSE, kid, secrets)
  return (
    key && (createPrivateKey({ key, format: 'der', type: 'pkcs8' }).export({ format: 'pem', type: 'pkcs8' }) as string)
  )
}
