import { createDecipheriv, createHmac, scryptSync, timingSafeEqual } from 'node:crypto'
import { deriveKey } from '../secrets/derive-key.ts'
import { BackupRefusal, DAMAGED, UNDECRYPTED } from './backup-refusal.ts'

/** The first bytes of a backup in the format before age. */
export const MAGIC = Buffer.from('LATCHKEY BACKUP\n')
const VERSION = 1
const SALT_BYTES = 16
const MAC_BYTES = 32
const TAG_BYTES = 16
/** The plaintext size of a chunk, in bytes. */
const CHUNK = 65_536

/** The accepted exponents of scrypt's N (RFC 7914, r = 8, p = 1). The maximum bounds time and memory. */
const WORK = { min: 10, max: 18 }

const HEADER_BYTES = MAGIC.length + 2 + SALT_BYTES + MAC_BYTES

/**
 * Decrypts a backup in the format before age: a header, then chunks of AES-256-GCM in the STREAM construction (Hoang,
 * Reyhanitabar, Rogaway and Vizár, 2015). The nonce of a chunk consists of its number and whether it is the last. Yields
 * each chunk after authenticating it; only the end of the stream proves that the backup is complete.
 *
 * @throws BackupRefusal if the passphrase is wrong, or the file damaged or truncated
 */
export async function* openFirstFormat(
  encrypted: AsyncIterable<Uint8Array>,
  passphrase: string
): AsyncGenerator<Uint8Array> {
  const rest = encrypted[Symbol.asyncIterator]()
  const { header, more } = await readHeader(rest)
  const keys = checkHeader(header, passphrase)
  async function* body() {
    yield more
    for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value
  }
  for await (const { bytes, number, last } of cut(body(), CHUNK + TAG_BYTES)) {
    yield openChunk(bytes, keys.chunks, nonce(number, last))
  }
}

async function readHeader(stream: AsyncIterator<Uint8Array>): Promise<{ header: Buffer; more: Buffer }> {
  let bytes = Buffer.alloc(0)
  while (bytes.length < HEADER_BYTES) {
    const { value, done } = await stream.next()
    if (done) break
    bytes = Buffer.concat([bytes, value])
  }
  return { header: bytes.subarray(0, HEADER_BYTES), more: bytes.subarray(HEADER_BYTES) }
}

function checkHeader(header: Buffer, passphrase: string): ReturnType<typeof keysOf> {
  if (header.length < HEADER_BYTES) throw new BackupRefusal('The backup is truncated.')
  const [version, work] = header.subarray(MAGIC.length) as unknown as [number, number]
  if (version > VERSION) throw new BackupRefusal('The backup has a newer format: restore it with a newer version.')
  const start = header.subarray(0, -MAC_BYTES)
  if (work < WORK.min || work > WORK.max) throw new BackupRefusal(UNDECRYPTED)
  const keys = keysOf(start, passphrase)
  const mac = createHmac('sha256', keys.header).update(start).digest()
  if (!timingSafeEqual(mac, header.subarray(-MAC_BYTES))) throw new BackupRefusal(UNDECRYPTED)
  return keys
}

function openChunk(bytes: Buffer, key: Buffer, iv: Buffer): Buffer {
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: TAG_BYTES })
    decipher.setAuthTag(bytes.subarray(-TAG_BYTES))
    return Buffer.concat([decipher.update(bytes.subarray(0, -TAG_BYTES)), decipher.final()])
  } catch {
    throw new BackupRefusal(DAMAGED)
  }
}

/** Derives the keys of the header and of the chunks. */
function keysOf(start: Buffer, passphrase: string): { header: Buffer; chunks: Buffer } {
  const N = 2 ** (start[MAGIC.length + 1] as number)
  const salt = start.subarray(MAGIC.length + 2)
  const secret = scryptSync(passphrase, salt, 32, { N, r: 8, p: 1, maxmem: 2 * N * 8 * 128 })
  const derive = (purpose: string) => deriveKey(secret.toString('base64url'), purpose)
  return { header: derive('backup header'), chunks: derive('backup chunks') }
}

function nonce(number: number, last: boolean): Buffer {
  const iv = Buffer.alloc(12)
  iv.writeUIntBE(number, 5, 6)
  iv.writeUInt8(last ? 1 : 0, 11)
  return iv
}

/** Splits a stream into chunks of one size. Yields at least one; the last chunk has the remainder, and may be empty. */
async function* cut(
  stream: AsyncIterable<Uint8Array>,
  size: number
): AsyncGenerator<{ bytes: Buffer; number: number; last: boolean }> {
  let number = 0
  let parts: Uint8Array[] = []
  let length = 0
  for await (const part of stream) {
    parts.push(part)
    length += part.length
    // Yields a chunk only once more bytes follow: it is then not the last.
    if (length <= size) continue
    let rest = Buffer.concat(parts, length)
    for (; rest.length > size; rest = rest.subarray(size)) {
      yield { bytes: rest.subarray(0, size), number: number++, last: false }
    }
    parts = [rest]
    length = rest.length
  }
  yield { bytes: Buffer.concat(parts, length), number, last: true }
}
