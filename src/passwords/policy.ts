import { dictionary } from '@zxcvbn-ts/language-common'
import type { Fault } from '../errors.ts'

/** bcrypt sees no more than this. */
export const MAX_BYTES = 72

/**
 * No password is longer, in UTF-16 code units. It is looked at before anything else, since normalising and counting take
 * time. NFC makes a text at most four times shorter, so that nothing that would be good is rejected.
 */
export const MAX_LENGTH = 1024

const common = dictionary['passwords-common']

/** The list leaves out what its library finds by patterns; these, of digits, head every list of leaked passwords. */
const DIGITS_AGAIN = /^(?=\d{8,12}$)(\d{1,4})\1+$/
const COUNTING = ['01234567890', '09876543210']

function isCommon(folded: string): boolean {
  const counts = folded.length >= 8 && COUNTING.some((digits) => digits.includes(folded))
  return counts || DIGITS_AGAIN.test(folded) || common.includes(folded)
}

/** A password in the one form in which it is judged and hashed (RFC 8265 §4.2.2, NFC). Nothing is trimmed or cut. */
export function normalize(password: string): string {
  return password.normalize('NFC')
}

/**
 * Judges a new password (OWASP ASVS 5.0 §6.2).
 *
 * @param given the password as it was received
 * @param minimum the least length, in Unicode code points
 * @param names what it must not be equal to, in any letter case
 * @param path the JSON pointer of its key in the body
 * @returns every rule that it breaks; none for a good one
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
