import { readFileSync } from 'node:fs'
import { buffer } from 'node:stream/consumers'
import { test } from 'tap'
import { decryptStream } from '../../../src/backups/encryption.ts'
import { openFirstFormat } from '../../../src/backups/first-format.ts'
import { unpackRecords } from '../../../src/backups/framing.ts'

const PASSPHRASE = 'a passphrase for backups alone'
const [HEADER, CHUNK] = [66, 65_536 + 16]

/** A backup of 701 accounts in the first format, by the release that wrote it; of two chunks, with little work. */
const FILE = readFileSync(new URL('../../fixtures/first-format.backup', import.meta.url))

async function* parts(bytes: Buffer, size = 1000) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

const open = (bytes: Buffer, size?: number) => buffer(openFirstFormat(parts(bytes, size), PASSPHRASE))

test('a backup in the first format is still opened', async (t) => {
  const content = await open(FILE)
  for (const size of [7, 7919, FILE.length]) t.ok((await open(FILE, size)).equals(content), `${size} bytes at once`)
  const counts: Record<string, number> = {}
  for await (const { name, count } of unpackRecords(decryptStream(parts(FILE), PASSPHRASE))) {
    counts[name] = (counts[name] ?? 0) + count
  }
  t.strictSame(counts, { backup: 1, users: 701, signing_keys: 1, root_secret: 1, limits: 1, audit: 1, audit_head: 1 })
})

test('what is not as it was encrypted is refused', async (t) => {
  const chunk = (number: number) => FILE.subarray(HEADER + number * CHUNK, HEADER + (number + 1) * CHUNK)
  const header = FILE.subarray(0, HEADER)
  const changed = (at: number, to?: number) =>
    Buffer.from(FILE.map((byte, index) => (index === at ? (to ?? byte ^ 1) : byte)))
  const DAMAGED = 'The backup is damaged or truncated; nothing was restored.'
  const CLOSED = 'The passphrase is wrong, or the header of the backup is damaged.'
  for (const [what, bytes, message] of [
    ['half a header', FILE.subarray(0, 40), 'The backup is truncated.'],
    ['a newer format', changed(16, 2), 'The backup has a newer format: restore it with a newer version.'],
    ['more work than is believed', changed(17, 30), CLOSED],
    ['less work than is believed', changed(17, 0), CLOSED],
    ['other work', changed(17, 11), CLOSED],
    ['another salt', changed(20), CLOSED],
    ['another header mac', changed(HEADER - 1), CLOSED],
    ['a header alone', header, DAMAGED],
    ['a changed byte of the first chunk', changed(HEADER), DAMAGED],
    ['a changed byte of a later chunk', changed(HEADER + CHUNK + 5), DAMAGED],
    ['a changed tag', changed(FILE.length - 1), DAMAGED],
    ['a byte less', FILE.subarray(0, -1), DAMAGED],
    ['a byte more', Buffer.concat([FILE, Buffer.alloc(1)]), DAMAGED],
    ['the last chunk missing', FILE.subarray(0, HEADER + CHUNK), DAMAGED],
    ['the first chunk missing', Buffer.concat([header, FILE.subarray(HEADER + CHUNK)]), DAMAGED],
    ['chunks in another order', Buffer.concat([header, chunk(1), chunk(0)]), DAMAGED],
    ['a chunk twice', Buffer.concat([header, chunk(0), chunk(0), chunk(1)]), DAMAGED]
  ] as const) {
    await t.rejects(buffer(decryptStream(parts(bytes), PASSPHRASE)), { name: 'BackupRefusal', message }, what)
  }
  await t.rejects(buffer(decryptStream(parts(FILE), 'another passphrase')), { name: 'BackupRefusal', message: CLOSED })
})
