import { createCipheriv, createDecipheriv, randomBytes, scryptSync } from 'node:crypto'
import type { Identity, Recipient } from 'age-encryption'

/**
 * Exponents of scrypt's N (RFC 7914, r = 8, p = 1): 17 needs 128 MiB (OWASP, Password Storage). A file with a higher
 * exponent than the maximum is refused.
 */
const WORK = { default: 17, max: 18 }

const SALT_BYTES = 16
const FILE_KEY_BYTES = 16
const TAG_BYTES = 16

/** Zero, since each key encrypts only one file key (age-encryption.org/v1, "The scrypt recipient type"). */
const NONCE = Buffer.alloc(12)

/**
 * The scrypt recipient of age, with the scrypt of OpenSSL. That of the library is written in JavaScript: it is six times
 * slower, and raises the peak memory of a backup by 40 %, since its 128 MiB wait for the garbage collector.
 *
 * @param work the exponent of scrypt's N
 */
export function passphraseRecipient(passphrase: string, work = WORK.default): Recipient {
  return {
    wrapFileKey(fileKey) {
      const salt = randomBytes(SALT_BYTES)
      const cipher = createCipheriv('chacha20-poly1305', keyOf(passphrase, salt, work), NONCE, {
        authTagLength: TAG_BYTES
      })
      const body = Buffer.concat([cipher.update(fileKey), cipher.final(), cipher.getAuthTag()])
      return [{ args: ['scrypt', salt.toString('base64').slice(0, 22), String(work)], body }]
    }
  }
}

/**
 * The identity for `passphraseRecipient`, and for files that the program age has encrypted with a passphrase.
 *
 * @throws Error if the passphrase is wrong
 */
export function passphraseIdentity(passphrase: string): Identity {
  return {
    unwrapFileKey(stanzas) {
      // A passphrase is the only recipient of its file.
      const [stanza] = stanzas.length === 1 ? stanzas : []
      if (!stanza || stanza.body.length !== FILE_KEY_BYTES + TAG_BYTES) return null
      const [, salt, work] = SCRYPT.exec(stanza.args.join(' ')) ?? []
      if (!salt || Number(work) > WORK.max) return null
      const key = keyOf(passphrase, Buffer.from(salt, 'base64'), Number(work))
      const decipher = createDecipheriv('chacha20-poly1305', key, NONCE, { authTagLength: TAG_BYTES })
      decipher.setAuthTag(stanza.body.subarray(FILE_KEY_BYTES))
      return Buffer.concat([decipher.update(stanza.body.subarray(0, FILE_KEY_BYTES)), decipher.final()])
    }
  }
}

/** The arguments of the stanza: the salt in Base64 without padding, and the exponent. */
const SCRYPT = /^scrypt ([\w+/]{22}) ([1-9]\d?)$/

function keyOf(passphrase: string, salt: Buffer, work: number): Buffer {
  const N = 2 ** work
  const labelled = Buffer.concat([Buffer.from('age-encryption.org/v1/scrypt'), salt])
  return scryptSync(passphrase, labelled, 32, { N, r: 8, p: 1, maxmem: 2 * N * 8 * 128 })
}
