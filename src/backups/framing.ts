import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { constants, createGunzip, createGzip } from 'node:zlib'
import { BackupRefusal, NO_BACKUP } from './backup-refusal.ts'

/** A record of a backup: the manifest, or rows of a table. */
export interface BackupRecord {
  /** `backup` for the manifest, otherwise the name of the table. */
  name: string
  /** The number of rows. */
  count: number
  /** The manifest, or an array of rows, in JSON. Kept as text, so that numbers and times do not change. */
  json: string
}

const LENGTH_BYTES = 4

/** Serializes records, each with its length as a prefix, and compresses them with gzip. */
export function packRecords(records: AsyncIterable<BackupRecord>): AsyncIterable<Buffer> {
  async function* bytes() {
    for await (const { name, count, json } of records) {
      const text = Buffer.from(`${name} ${count}\n${json}`)
      const length = Buffer.alloc(LENGTH_BYTES)
      length.writeUInt32BE(text.length)
      yield Buffer.concat([length, text])
    }
  }
  return through(bytes(), createGzip({ level: constants.Z_BEST_SPEED }))
}

/**
 * Reverses `packRecords`.
 *
 * @throws BackupRefusal if the bytes are not records
 */
export async function* unpackRecords(packed: AsyncIterable<Uint8Array>): AsyncGenerator<BackupRecord> {
  let unread: Buffer = Buffer.alloc(0)
  let parts: Buffer[] = []
  let length = 0
  let wanted = LENGTH_BYTES
  for await (const part of gunzip(packed)) {
    parts.push(part)
    length += part.length
    if (length < wanted) continue
    unread = Buffer.concat(parts, length)
    for (;;) {
      wanted = LENGTH_BYTES + (unread.length < LENGTH_BYTES ? 0 : unread.readUInt32BE())
      if (unread.length < wanted) break
      yield parse(unread.toString('utf8', LENGTH_BYTES, wanted))
      unread = unread.subarray(wanted)
    }
    parts = [unread]
    length = unread.length
  }
  if (length > 0) throw new BackupRefusal('The backup ends in the middle of a record.')
}

function parse(text: string): BackupRecord {
  const end = text.indexOf('\n')
  const [name = '', count] = text.slice(0, end).split(' ')
  return { name, count: Number(count), json: text.slice(end + 1) }
}

/** An age file that is not a backup can have the same passphrase; its content is then not gzip. */
async function* gunzip(packed: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  try {
    yield* through(packed, createGunzip())
  } catch (error) {
    throw String((error as NodeJS.ErrnoException).code).startsWith('Z_') ? new BackupRefusal(NO_BACKUP) : error
  }
}

/** Pipes a stream through a transform. Errors of the source reach the reader. */
function through(source: AsyncIterable<Uint8Array>, change: NodeJS.ReadWriteStream): AsyncIterable<Buffer> {
  pipeline(Readable.from(source), change).catch(() => {})
  return change as unknown as AsyncIterable<Buffer>
}
