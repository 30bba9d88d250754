import { createHmac, timingSafeEqual } from 'node:crypto'

/** The length of a time step, in seconds (RFC 6238 §5.2). */
export const STEP_SECONDS = 30

/** The length of a secret, in bytes (RFC 4226 §4 R6). */
export const SECRET_BYTES = 20
const DIGITS = 6

/**
 * Computes the code of a time step: TOTP with SHA-1 and six digits, which every app supports (RFC 6238 §4, RFC 4226
 * §5.3).
 */
export function totp(secret: Buffer, step: number): string {
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(step))
  const hash = createHmac('sha1', secret).update(counter).digest()
  const offset = (hash.at(-1) as number) & 0xf
  const number = hash.readUInt32BE(offset) & 0x7fffffff
  return String(number % 10 ** DIGITS).padStart(DIGITS, '0')
}

/** The state against which a code is checked. */
export interface TotpCheck {
  secret: Buffer
  /** The current time step. */
  step: number
  /** The time step of the last accepted code. */
  lastStep: number | null
}

/**
 * Finds the time step of a code: the current one or one of its neighbours, and later than that of the last accepted
 * code (RFC 6238 §5.2). All are compared, in constant time.
 *
 * @returns undefined if the code is wrong, was used, or is not six ASCII digits
 */
export function matchingStep(code: string, { secret, step, lastStep }: TotpCheck): number | undefined {
  if (!/^[0-9]{6}$/.test(code)) return undefined
  return [step - 1, step, step + 1]
    .filter((each) => isEqual(totp(secret, each), code))
    .find((each) => lastStep === null || each > lastStep)
}

const isEqual = (one: string, other: string) => timingSafeEqual(Buffer.from(one), Buffer.from(other))

/** The label of a secret in the app. */
export interface TotpLabel {
  /** The name of the service. */
  issuer: string
  /** The username or the email address. */
  account: string
}

/**
 * Returns the URI of a secret in base32 for the QR code (Key URI Format). Issuer and account are percent-encoded separately, so that a colon
 * in either cannot split the label in the wrong place.
 */
export function otpauthUri(secret: string, { issuer, account }: TotpLabel): string {
  const [service, name] = [issuer, account].map(encodeURIComponent)
  return `otpauth://totp/${service}:${name}?issuer=${service}&secret=${secret}`
}
