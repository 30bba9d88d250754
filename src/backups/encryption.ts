import { createCipheriv, createDecipheriv, createHmac, randomBytes, scryptSync, timingSafeEqual } from 'node:crypto'
import { deriveKey } from '../secrets/derive-key.ts'

/** A file that is no backup, not all of one, or not as it was written; or one that the passphrase does not open. */
export class BackupRefusal extends Error {
  override readonly name = 'BackupRefusal'
}

const MAGIC = Buffer.from('LATCHKEY BACKUP\n')
const VERSION = 1
const SALT_BYTES = 16
const MAC_BYTES = 32
const TAG_BYTES = 16
/** What is sealed at once. */
const CHUNK = 65_536

/**
 * The work of scrypt (RFC 7914) as the exponent of N, with r = 8 and p = 1: 17 takes 128 MiB (OWASP, Password Storage).
 * It stands in the file, and a file that asks for more than the most is not believed.
 */
const WORK = { usual: 17, least: 10, most: 18 }

const HEADER_BYTES = MAGIC.length + 2 + SALT_BYTES + MAC_BYTES

/**
 * Seals a stream with a passphrase: a header, then chunks of AES-256-GCM after the STREAM construction (Hoang,
 * Reyhanitabar, Rogaway and Vizár, 2015). The nonce of a chunk is its number and whether it is the last, so that none can
 * be left out, moved, added or cut off; the key belongs to the one file, by its salt.
 *
 * @param work the exponent of scrypt's N
 */
export async function* sealStream(
  content: AsyncIterable<Buffer>,
  passphrase: string,
  work = WORK.usual
): AsyncGenerator<Buffer> {
  const start = Buffer.concat([MAGIC, Buffer.from([VERSION, work]), randomBytes(SALT_BYTES)])
  const keys = keysOf(start, passphrase)
  yield Buffer.concat([start, macOf(start, keys.header)])
  for await (const { bytes, number, last } of cut(content, CHUNK)) {
    const cipher = createCipheriv('aes-256-gcm', keys.chunks, nonce(number, last))
    yield Buffer.concat([cipher.update(bytes), cipher.final(), cipher.getAuthTag()])
  }
}

/**
 * What was sealed, chunk by chunk as each proves to be genuine. Whether it is whole is known at the end alone.
 *
 * @throws BackupRefusal where the passphrase is another one, or the file not as it was written
 */
export async function* openStream(sealed: AsyncIterable<Buffer>, passphrase: string): AsyncGenerator<Buffer> {
  const rest = sealed[Symbol.asyncIterator]()
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

async function readHeader(stream: AsyncIterator<Buffer>): Promise<{ header: Buffer; more: Buffer }> {
  let bytes = Buffer.alloc(0)
  while (bytes.length < HEADER_BYTES) {
    const { value, done } = await stream.next()
    if (done) break
    bytes = Buffer.concat([bytes, value])
  }
  return { header: bytes.subarray(0, HEADER_BYTES), more: bytes.subarray(HEADER_BYTES) }
}

function checkHeader(header: Buffer, passphrase: string): ReturnType<typeof keysOf> {
  if (!header.subarray(0, MAGIC.length).equals(MAGIC)) throw new BackupRefusal('The file is no backup of Latchkey.')
  if (header.length < HEADER_BYTES) throw new BackupRefusal('The file ends too early: it is not the whole backup.')
  const [version, work] = header.subarray(MAGIC.length) as unknown as [number, number]
  if (version > VERSION) throw new BackupRefusal('The backup has a newer form: restore it with a newer version.')
  const start = header.subarray(0, -MAC_BYTES)
  const damaged = 'The passphrase does not open the backup, or its first bytes are damaged.'
  if (work < WORK.least || work > WORK.most) throw new BackupRefusal(damaged)
  const keys = keysOf(start, passphrase)
  if (!timingSafeEqual(macOf(start, keys.header), header.subarray(-MAC_BYTES))) throw new BackupRefusal(damaged)
  return keys
}

function openChunk(bytes: Buffer, key: Buffer, iv: Buffer): Buffer {
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: TAG_BYTES })
    decipher.setAuthTag(bytes.subarray(-TAG_BYTES))
    return Buffer.concat([decipher.update(bytes.subarray(0, -TAG_BYTES)), decipher.final()])
  } catch {
    throw new BackupRefusal('The backup is damaged, or a part of it is missing: nothing of it is restored.')
  }
}

/** A key for the header and one for the chunks. A passphrase is the same however its letters are composed. */
function keysOf(start: Buffer, passphrase: string): { header: Buffer; chunks: Buffer } {
  const N = 2 ** (start[MAGIC.length + 1] as number)
  const salt = start.subarray(MAGIC.length + 2)
  const secret = scryptSync(passphrase.normalize('NFC'), salt, 32, { N, r: 8, p: 1, maxmem: 2 * N * 8 * 128 })
  const derive = (purpose: string) => deriveKey(secret.toString('base64url'), purpose)
  return { header: derive('backup header'), chunks: derive('backup chunks') }
}

const macOf = (start: Buffer, key: Buffer) => createHmac('sha256', key).update(start).digest()

function nonce(number: number, last: boolean): Buffer {
  const iv = Buffer.alloc(12)
  iv.writeUIntBE(number, 5, 6)
  iv.writeUInt8(last ? 1 : 0, 11)
  return iv
}

/** A stream in parts of one size, of which the last is what remains: with one part at least, which may be empty. */
async function* cut(
  stream: AsyncIterable<Buffer>,
  size: number
): AsyncGenerator<{ bytes: Buffer; number: number; last: boolean }> {
  let number = 0
  let parts: Buffer[] = []
  let length = 0
  for await (const part of stream) {
    parts.push(part)
    length += part.length
    // A part is given when something follows it: only then is it not the last.
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
