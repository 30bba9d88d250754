import { randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'

/** The digits of base62. */
const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** Digits of 128 bits, of 256 bits and of a CRC-32. */
const [ID_LENGTH, SECRET_LENGTH, CHECK_LENGTH] = [22, 43, 6]

const KEY = new RegExp(
  `^(lk_([0-9A-Za-z]{${ID_LENGTH}})_[0-9A-Za-z]{${SECRET_LENGTH}})_([0-9A-Za-z]{${CHECK_LENGTH}})$`
)

/** Creates a random id. */
export const createServiceKeyId = () => base62(randomBytes(16), ID_LENGTH)

/** Creates a service key with a new secret: lk_<id>_<secret>_<check>. */
export function createServiceKeyText(id: string): string {
  const text = `lk_${id}_${base62(randomBytes(32), SECRET_LENGTH)}`
  return `${text}_${checkOf(text)}`
}

/**
 * Reads the id of a service key.
 *
 * @returns undefined if the text has another form or a wrong check: no such key was ever made
 */
export function readServiceKeyId(text: string): string | undefined {
  const [, checked = '', id, check] = KEY.exec(text) ?? []
  return check === checkOf(checked) ? id : undefined
}

/** The check tells a key from noise, for scanners of leaked keys too: CRC-32, as in the keys of GitHub. */
function checkOf(text: string): string {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(crc32(text))
  return base62(bytes, CHECK_LENGTH)
}

function base62(bytes: Buffer, length: number): string {
  let number = BigInt(`0x${bytes.toString('hex')}`)
  let text = ''
  while (text.length < length) {
    text = DIGITS[Number(number % 62n)] + text
    number /= 62n
  }
  return text
}
