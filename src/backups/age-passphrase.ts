import { createCipheriv, createDecipheriv, randomBytes, scryptSync } from 'node:crypto'
import type { Identity, Recipient } from 'age-encryption'

/**
 * The exponents of scrypt's N (RFC 7914, r = 8, p = 1): 17 takes 128 MiB (OWASP, Password Storage). A file cannot demand
 * more than the most.
 */
const WORK = { usual: 17, most: 18 }

const SALT_BYTES = 16
const FILE_KEY_BYTES = 16
const TAG_BYTES = 16

/** Each key encrypts one file key only (age-encryption.org/v1, "The scrypt recipient type"). */
const NONCE = Buffer.alloc(12)

/**
 * The scrypt recipient of age, with the scrypt of OpenSSL. The library's own is JavaScript: it is six times slower, and
 * leaves its 128 MiB to the garbage collector, which makes the peak memory of a backup 1.4 times as high.
 *
 * @param work the exponent of scrypt's N
 */
export function passphraseRecipient(passphrase: string, work = WORK.usual): Recipient {
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
 * The identity for `passphraseRecipient`, and for files of the program age.
 *
 * @throws if the passphrase is wrong
 */
export function passphraseIdentity(passphrase: string): Identity {
  return {
    unwrapFileKey(stanzas) {
      // A passphrase is the only recipient of its file.
      const [stanza] = stanzas.length === 1 ? stanzas : []
      if (!stanza || stanza.body.length !== FILE_KEY_BYTES + TAG_BYTES) return null
      const [, salt, work] = SCRYPT.exec(stanza.args.join(' ')) ?? []
      if (!salt || Number(work) > WORK.most) return null
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
