import { ReadableStream } from 'node:stream/web'
import { passphraseIdentity, passphraseRecipient } from './age-passphrase.ts'
import { BackupRefusal, DAMAGED, NO_BACKUP, UNOPENED } from './backup-refusal.ts'
import { MAGIC as FIRST_FORMAT, openFirstFormat } from './first-format.ts'

/** The first line of an age file (age-encryption.org/v1). */
const AGE = Buffer.from('age-encryption.org/v1\n')

/** Within how many bytes the header of an age file has to end: ours takes 250, but what is read ahead counts too. */
const LONGEST_HEADER = 16_777_216

/**
 * Encrypts a stream with a passphrase, as an age file: `age --decrypt` opens it too.
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
 * Decrypts a backup, chunk by chunk, each once it has been authenticated: an age file, or the format before it. Only the
 * end of the stream proves that the backup is complete.
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
  // The library has no error types: what the file's own stream throws is told apart here, and passed on as it is.
  let failure: unknown
  let opened = false
  async function* source() {
    let length = 0
    try {
      for await (const chunk of encrypted) {
        // The library reads a header of any length into memory.
        if (!opened && length > LONGEST_HEADER) throw new BackupRefusal(UNOPENED)
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
    throw refusal(UNOPENED)
  })
  opened = true
  try {
    yield* content
  } catch {
    throw refusal(DAMAGED)
  }
}

/** The first bytes of a stream, fewer if it ends before, and the stream with them. */
async function peek(stream: AsyncIterable<Uint8Array>, least: number) {
  const rest = stream[Symbol.asyncIterator]()
  let start = Buffer.alloc(0)
  while (start.length < least) {
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

/** A passphrase is the same however its letters are composed. */
const normalize = (passphrase: string) => passphrase.normalize('NFC')
