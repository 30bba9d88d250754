import { ReadableStream } from 'node:stream/web'
import { passphraseIdentity, passphraseRecipient } from './age-passphrase.ts'
import { BackupRefusal, DAMAGED, NO_BACKUP, UNDECRYPTED } from './backup-refusal.ts'
import { MAGIC as FIRST_FORMAT, openFirstFormat } from './first-format.ts'

/** The first line of an age file (age-encryption.org/v1). */
const AGE = Buffer.from('age-encryption.org/v1\n')

/** The maximum length of the header of an age file, in bytes: ours has 250, but bytes that are read ahead count too. */
const MAX_HEADER = 16_777_216

/**
 * Encrypts a stream with a passphrase, in the age format. `age --decrypt` can decrypt it too.
 *
 * @param work the exponent of scrypt's N
 */
export async function* encryptStream(
  content: AsyncIterable<Uint8Array>,
  passphrase: string,
  work?: number
): AsyncGenerator<Uint8Array> {
  const { Encrypter } = await import('age-encryption')
  const encrypter = new Encrypter()
  encrypter.addRecipient(passphraseRecipient(normalize(passphrase), work))
  yield* await encrypter.encrypt(ReadableStream.from(content))
}

/**
 * Decrypts a backup in the age format, or in the format of earlier versions. Yields each chunk after authenticating it.
 * Only the end of the stream proves that the backup is complete.
 *
 * @throws BackupRefusal if it is no backup, the passphrase is wrong, or the file is damaged or truncated
 */
export async function* decryptStream(
  encrypted: AsyncIterable<Uint8Array>,
  passphrase: string
): AsyncGenerator<Uint8Array> {
  const { start, stream } = await peek(encrypted, AGE.length)
  const open = startsWith(start, FIRST_FORMAT) ? openFirstFormat : startsWith(start, AGE) ? openAge : undefined
  if (!open) throw new BackupRefusal(NO_BACKUP)
  yield* open(stream, normalize(passphrase))
}

async function* openAge(encrypted: AsyncIterable<Uint8Array>, passphrase: string): AsyncGenerator<Uint8Array> {
  // The library has no error types. Errors of the source are recorded here, and rethrown unchanged.
  let failure: unknown
  let opened = false
  async function* source() {
    let length = 0
    try {
      for await (const chunk of encrypted) {
        // The library would read a header of any length into memory.
        if (!opened && length > MAX_HEADER) throw new BackupRefusal(UNDECRYPTED)
        length += chunk.length
        yield chunk
      }
    } catch (error) {
      failure = error
      throw error
    }
  }
  const refusal = (message: string) => failure ?? new BackupRefusal(message)
  const { Decrypter } = await import('age-encryption')
  const decrypter = new Decrypter()
  decrypter.addIdentity(passphraseIdentity(passphrase))
  const content = await decrypter.decrypt(ReadableStream.from(source())).catch(() => {
    throw refusal(UNDECRYPTED)
  })
  opened = true
  try {
    yield* content
  } catch {
    throw refusal(DAMAGED)
  }
}

/** Reads the first bytes of a stream, `min` or more unless it ends before. Returns them, and a stream that includes them. */
async function peek(stream: AsyncIterable<Uint8Array>, min: number) {
  const rest = stream[Symbol.asyncIterator]()
  let start = Buffer.alloc(0)
  while (start.length < min) {
    const { value, done } = await rest.next()
    if (done) break
    start = Buffer.concat([start, value])
  }
  async function* all(): AsyncGenerator<Uint8Array> {
    yield start
    yield* { [Symbol.asyncIterator]: () => rest }
  }
  return { start, stream: all() }
}

const startsWith = (bytes: Buffer, start: Buffer) => bytes.subarray(0, start.length).equals(start)

/** Makes composed and decomposed characters equal (Unicode NFC). */
const normalize = (passphrase: string) => passphrase.normalize('NFC')
