import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type JsonWebKey } from 'node:crypto'
import type { Database } from '../database/database.ts'
import { asNumber, CLOCK, sql } from '../database/sql.ts'
import type { PublicKey } from '../schemas/tokens.ts'
import { sealingSecrets } from '../secrets/root-secret.ts'
import { type Secrets, seal, unseal } from '../secrets/sealing.ts'
import { storedKeys } from './key-states.ts'

/** A key as an instance holds it. */
export interface SigningKey {
  kid: string
  jwk: PublicKey
  /** PEM. */
  publicKey: string
  /** PEM; undefined if no secret of this instance unwraps it. The key then only verifies. */
  privateKey: string | undefined
  /** Milliseconds from the read until it signs; negative if it already does. */
  signsIn: number
}

/**
 * How long a new key is published before it signs, in seconds: the time that a JWKS may be cached (300 s), and that an
 * instance may take to notice the key (60 s).
 */
export const PUBLISH_LEAD = 360

/** The key of the advisory lock: the letters "keys" as an integer. */
const LOCK = 0x6b657973

const PURPOSE = 'signing key wrap'

/** Neither secret unwraps a private key. */
export class KeyMismatch extends Error {
  override readonly name = 'KeyMismatch'

  constructor(kid: string) {
    super(
      `neither SECRET_KEY nor SECRET_KEY_PREVIOUS opens the private half of key ${kid}, and nothing was changed: set the SECRET_KEY that it was sealed with as one of them, or revoke the key`
    )
  }
}

/** Serializes changes of the keys: locks them until the transaction ends. */
export async function lockKeys(transaction: Database): Promise<void> {
  await transaction.query(sql`SELECT pg_advisory_xact_lock(${LOCK})`)
}

/** Creates the first key, which signs immediately, if there is none. Of concurrent instances, one does. */
export async function ensureKey(database: Database, secrets: Secrets): Promise<void> {
  await database.transact(async (transaction) => {
    await lockKeys(transaction)
    const [found] = await transaction.query(sql`SELECT 1 FROM signing_keys WHERE revoked_at IS NULL LIMIT 1`)
    if (!found) await addKey(transaction, secrets, 0)
  })
}

/**
 * Generates and stores a P-256 key (ES256, RFC 7518 §3.4).
 *
 * @param lead seconds until it signs
 * @returns its `kid`, the thumbprint of RFC 7638
 */
export async function addKey(database: Database, secrets: Secrets, lead = PUBLISH_LEAD): Promise<string> {
  const { publicKey, privateKey: content } = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { format: 'der', type: 'spki' },
    privateKeyEncoding: { format: 'der', type: 'pkcs8' }
  })
  // Not the generated key itself: in Node 20, garbage collection during its export as a JWK waits for a lock that the
  // export holds, forever.
  const { kty, crv, x, y } = createPublicKey({ key: publicKey, format: 'der', type: 'spki' }).export({ format: 'jwk' })
  const kid = createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url')
  const wrapped = wrapPrivateKey(content, kid, await sealingSecrets(database, secrets))
  await database.query(
    sql`INSERT INTO signing_keys (kid, public_key, private_key, created_at, sign_from)
     SELECT ${kid}, ${{ kty, crv, x, y }}, ${wrapped}, moment, moment + make_interval(secs => ${lead})
     FROM ${CLOCK}`
  )
  return kid
}

/**
 * Reads the keys, oldest first, without those that are revoked or have expired.
 *
 * @param tokenTtl lifetime of an access token, in seconds
 */
export async function readRing(database: Database, secrets: Secrets, tokenTtl: number): Promise<SigningKey[]> {
  const rows = await database.query<{ kid: string; public_key: JsonWebKey; private_key: Buffer; signs_in: number }>(
    sql`SELECT kid, public_key, private_key, ${asNumber(sql`extract(epoch FROM sign_from - moment) * 1000`)} AS signs_in
     FROM ${storedKeys(tokenTtl)}
     WHERE state NOT IN ('expired', 'revoked')
     ORDER BY sign_from, kid`
  )
  return rows.map(({ kid, public_key, private_key, signs_in }) => ({
    kid,
    jwk: { ...(public_key as Omit<PublicKey, 'kid' | 'alg' | 'use'>), kid, alg: 'ES256', use: 'sig' } as const,
    publicKey: createPublicKey({ key: public_key, format: 'jwk' }).export({ format: 'pem', type: 'spki' }) as string,
    privateKey: unwrap(private_key, kid, secrets),
    signsIn: signs_in
  }))
}

/**
 * Wraps every private key again, with SECRET_KEY.
 *
 * @returns the number of keys
 * @throws KeyMismatch if neither secret unwraps one of them
 */
export async function rewrapKeys(transaction: Database, secrets: Secrets): Promise<number> {
  await lockKeys(transaction)
  const rows = await transaction.query<{ kid: string; private_key: Buffer }>(
    sql`SELECT kid, private_key FROM signing_keys WHERE revoked_at IS NULL ORDER BY sign_from, kid`
  )
  for (const { kid, private_key } of rows) {
    const wrapped = wrapPrivateKey(unwrapPrivateKey(private_key, kid, secrets), kid, secrets)
    await transaction.query(sql`UPDATE signing_keys SET private_key = ${wrapped} WHERE kid = ${kid}`)
  }
  return rows.length
}

/**
 * Unwraps a private key.
 *
 * @returns DER (PKCS#8, RFC 5208)
 * @throws KeyMismatch if neither secret unwraps it
 */
export function unwrapPrivateKey(wrapped: Buffer, kid: string, secrets: Secrets): Buffer {
  const content = unseal(wrapped, PURPOSE, kid, secrets)
  if (!content) throw new KeyMismatch(kid)
  return content
}

/**
 * Wraps a private key (DER) for storage. The `kid` is associated data, so that keys cannot be swapped in the database.
 */
export function wrapPrivateKey(content: Buffer, kid: string, secrets: Secrets): Buffer {
  return seal(content, PURPOSE, kid, secrets)
}

function unwrap(wrapped: Buffer, kid: string, secrets: Secrets): string | undefined {
  const key = unseal(wrapped, PURPOSE, kid, secrets)
  return (
    key && (createPrivateKey({ key, format: 'der', type: 'pkcs8' }).export({ format: 'pem', type: 'pkcs8' }) as string)
  )
}
