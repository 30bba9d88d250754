import { dictionary } from '@zxcvbn-ts/language-common'
import type { Fault } from '../errors.ts'

/** bcrypt ignores further bytes. */
export const MAX_BYTES = 72

/**
 * The longest accepted input, in UTF-16 code units. It is checked first, since normalizing takes time. NFC shortens a
 * text at most to a quarter, so a longer input always exceeds MAX_BYTES.
 */
const MAX_LENGTH = 1024

const common = dictionary['passwords-common']

/**
 * The dictionary omits passwords that zxcvbn finds by patterns. These patterns of digits lead every list of leaked
 * ones.
 */
const DIGITS_AGAIN = /^(?=\d{8,12}$)(\d{1,4})\1+$/
const COUNTING = ['01234567890', '09876543210']

function isCommon(folded: string): boolean {
  const counts = folded.length >= 8 && COUNTING.some((digits) => digits.includes(folded))
  return counts || DIGITS_AGAIN.test(folded) || common.includes(folded)
}

/** The form in which a password is validated and hashed: NFC (RFC 8265 §4.2.2). Nothing is trimmed or truncated. */
export function normalize(password: string): string {
  return password.normalize('NFC')
}

/**
 * Validates a new password (OWASP ASVS 5.0 §6.2).
 *
 * @param given the password as received
 * @param minimum length in Unicode code points
 * @param names of the account, which the password must not equal in any letter case
 * @param path JSON pointer of the password in the body
 * @returns a fault for each violated rule
 */
export function validatePassword(
  given: string,
  minimum: number,
  names: (string | null | undefined)[],
  path = '/password'
): Fault[] {
  const faults: Fault[] = []
  const reject = (rule: string, message: string) => faults.push({ path, rule, message })
  const rejectLong = () => reject('max_bytes', `must have at most ${MAX_BYTES} bytes in UTF-8`)
  if (given.length > MAX_LENGTH) {
    rejectLong()
    return faults
  }
  const password = normalize(given)
  const folded = password.toLowerCase()
  if ([...password].length < minimum) reject('min_length', `must have at least ${minimum} characters`)
  if (Buffer.byteLength(password) > MAX_BYTES) rejectLong()
  if (isCommon(folded)) reject('common', 'is on the list of common passwords')
  if (names.some((name) => name?.toLowerCase() === folded)) reject('same_as_name', 'must not be the username or email')
  return faults
}
