import { buffer } from 'node:stream/consumers'
import { gunzipSync, gzipSync } from 'node:zlib'
import { test } from 'tap'
import { type BackupRecord, packRecords, unpackRecords } from '../../../src/backups/framing.ts'

async function* each<Part>(parts: Iterable<Part>) {
  yield* parts
}

async function all(packed: AsyncIterable<Buffer>): Promise<BackupRecord[]> {
  const records: BackupRecord[] = []
  for await (const record of unpackRecords(packed)) records.push(record)
  return records
}

const RECORDS = [
  { name: 'backup', count: 1, json: '{"made_at":"now"}' },
  { name: 'users', count: 2, json: '[{"username":"ada\\n"},\n{"username":"gr\u00e2ce \u{1f511}"}]' },
  { name: 'sessions', count: 0, json: '' },
  { name: 'audit', count: 50_000, json: JSON.stringify(Array.from({ length: 50_000 }, (_, seq) => ({ seq }))) }
]

test('records come back to the letter, however their bytes are cut', async (t) => {
  const packed = await buffer(packRecords(each(RECORDS)))
  for (const size of [11, 4096, packed.length]) {
    const parts = []
    for (let at = 0; at < packed.length; at += size) parts.push(packed.subarray(at, at + size))
    t.strictSame(await all(each(parts)), RECORDS, `${size} bytes at once`)
  }
  t.strictSame(await all(packRecords(each<BackupRecord>([]))), [])
})

test('an end in the middle of a record is none', async (t) => {
  const bytes = gunzipSync(await buffer(packRecords(each(RECORDS))))
  for (const length of [2, 20, bytes.length - 1]) {
    await t.rejects(all(each([gzipSync(bytes.subarray(0, length))])), {
      name: 'BackupRefusal',
      message: 'The backup ends in the middle of a record.'
    })
  }
})

test('what fails before it fails here too', async (t) => {
  const failing = async function* () {
    yield RECORDS[0] as BackupRecord
    throw new Error('the database is gone')
  }
  await t.rejects(buffer(packRecords(failing())), { message: 'the database is gone' })
  const closed = async function* (): AsyncGenerator<Buffer> {
    yield gzipSync('')
    throw new Error('the file is damaged')
  }
  await t.rejects(all(closed()), { message: 'the file is damaged' })
})

test('what is no gzip is no backup', async (t) => {
  for (const bytes of [Buffer.from('age'), gzipSync('').subarray(0, -1)]) {
    await t.rejects(all(each([bytes])), { name: 'BackupRefusal', message: 'The file is not a backup of Latchkey.' })
  }
})
