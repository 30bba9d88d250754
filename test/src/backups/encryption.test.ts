import { buffer } from 'node:stream/consumers'
import { test } from 'tap'
import { openStream, sealStream } from '../../../src/backups/encryption.ts'

const PASSPHRASE = 'a passphrase for backups alone'
const [HEADER, CHUNK] = [66, 65_536 + 16]
/** Less work than a real one takes. */
const WORK = 10

async function* parts(bytes: Buffer, size = 1000) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

const seal = (content: Buffer, passphrase = PASSPHRASE) => buffer(sealStream(parts(content), passphrase, WORK))
const open = (sealed: Buffer, passphrase = PASSPHRASE, size?: number) =>
  buffer(openStream(parts(sealed, size), passphrase))

test('what is sealed comes back as it was', async (t) => {
  for (const length of [0, 1, 65_535, 65_536, 65_537, 3 * 65_536, 200_000]) {
    const content = Buffer.alloc(length, 'some text of no meaning')
    const sealed = await seal(content)
    t.equal(sealed.length, HEADER + length + 16 * Math.max(1, Math.ceil(length / 65_536)))
    for (const size of [7919, sealed.length]) t.ok((await open(sealed, PASSPHRASE, size)).equals(content), `${length}`)
  }
  t.notOk((await seal(Buffer.from('one'))).equals(await seal(Buffer.from('one'))), 'no two files are alike')
  t.ok(
    (await open(await seal(Buffer.from('one'), 'd\u00e9j\u00e0 vu'), 'de\u0301ja\u0300 vu')).equals(Buffer.from('one'))
  )
})

test('what is not as it was sealed is refused', async (t) => {
  const sealed = await seal(Buffer.alloc(200_000, 'some text of no meaning'))
  const chunk = (number: number) => sealed.subarray(HEADER + number * CHUNK, HEADER + (number + 1) * CHUNK)
  const header = sealed.subarray(0, HEADER)
  const changed = (at: number, to?: number) =>
    Buffer.from(sealed.map((byte, index) => (index === at ? (to ?? byte ^ 1) : byte)))
  const other = await seal(Buffer.alloc(200_000, 'some text of no meaning'))
  const DAMAGED = 'The backup is damaged, or a part of it is missing: nothing of it is restored.'
  const CLOSED = 'The passphrase does not open the backup, or its first bytes are damaged.'
  for (const [what, bytes, message] of [
    ['nothing', Buffer.alloc(0), 'The file is no backup of Latchkey.'],
    ['another file', Buffer.from('%PDF-1.7'), 'The file is no backup of Latchkey.'],
    ['half a header', sealed.subarray(0, 40), 'The file ends too early: it is not the whole backup.'],
    ['a newer form', changed(16, 2), 'The backup has a newer form: restore it with a newer version.'],
    ['more work than is believed', changed(17, 30), CLOSED],
    ['less work than is believed', changed(17, 0), CLOSED],
    ['other work', changed(17, 11), CLOSED],
    ['another salt', changed(20), CLOSED],
    ['another header mac', changed(HEADER - 1), CLOSED],
    ['a header alone', header, DAMAGED],
    ['a changed byte of the first chunk', changed(HEADER), DAMAGED],
    ['a changed byte of a later chunk', changed(HEADER + CHUNK + 5), DAMAGED],
    ['a changed tag', changed(sealed.length - 1), DAMAGED],
    ['a byte less', sealed.subarray(0, -1), DAMAGED],
    ['a byte more', Buffer.concat([sealed, Buffer.alloc(1)]), DAMAGED],
    ['the last chunk missing', sealed.subarray(0, HEADER + 3 * CHUNK), DAMAGED],
    ['the first chunk missing', Buffer.concat([header, sealed.subarray(HEADER + CHUNK)]), DAMAGED],
    ['chunks in another order', Buffer.concat([header, chunk(1), chunk(0), chunk(2), chunk(3)]), DAMAGED],
    ['a chunk twice', Buffer.concat([header, chunk(0), chunk(0), chunk(1), chunk(2), chunk(3)]), DAMAGED],
    ['a chunk of another file', Buffer.concat([header, other.subarray(HEADER)]), DAMAGED]
  ] as const) {
    await t.rejects(open(bytes), { name: 'BackupRefusal', message }, what)
  }
  await t.rejects(open(sealed, 'another passphrase'), { name: 'BackupRefusal', message: CLOSED })
})
