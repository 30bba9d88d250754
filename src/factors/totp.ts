import { createHmac, timingSafeEqual } from 'node:crypto'
import { base32 } from './base32.ts'

/** The length of a time step in seconds, and of a secret in bytes (RFC 6238 §5.2, RFC 4226 §4 R6). */
export const STEP_SECONDS = 30
export const SECRET_BYTES = 20
const DIGITS = 6

/** The code of a time step: TOTP with SHA-1 and six digits, which every app supports (RFC 6238 §4, RFC 4226 §5.3). */
export function totp(secret: Buffer, step: number): string {
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(step))
  const hash = createHmac('sha1', secret).update(counter).digest()
  const offset = (hash.at(-1) as number) & 0xf
  const number = hash.readUInt32BE(offset) & 0x7fffffff
  return String(number % 10 ** DIGITS).padStart(DIGITS, '0')
}

/** What a code is compared with. */
export interface TotpCheck {
  secret: Buffer
  /** The present time step. */
  step: number
  /** The last step of which a code was accepted. */
  lastStep: number | null
}

/**
 * The time step that a code is of: the present one, the one before or the one after it, and later than the last one that
 * was accepted (RFC 6238 §5.2). All are compared, in constant time.
 *
 * @returns nothing for a wrong code, one that was used, and any text but six ASCII digits
 */
export function matchingStep(code: string, { secret, step, lastStep }: TotpCheck): number | undefined {
  if (!/^[0-9]{6}$/.test(code)) return undefined
  return [step - 1, step, step + 1]
    .filter((each) => isEqual(totp(secret, each), code))
    .find((each) => lastStep === null || each > lastStep)
}

const isEqual = (one: string, other: string) => timingSafeEqual(Buffer.from(one), Buffer.from(other))

/** Whose secret it is, as the app shows it. */
export interface TotpLabel {
  /** What the service is called. */
  issuer: string
  /** The username or the address. */
  account: string
}

/**
 * The URI of the QR code (Key URI Format). Issuer and account are percent-encoded each: a colon in either would split the
 * label at the wrong place.
 */
export function otpauthUri(secret: Buffer, { issuer, account }: TotpLabel): string {
  const [service, name] = [issuer, account].map(encodeURIComponent)
  return `otpauth://totp/${service}:${name}?issuer=${service}&secret=${base32(secret)}`
}
