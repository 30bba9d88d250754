import { buffer } from 'node:stream/consumers'
import { test } from 'tap'
import { decryptStream, encryptStream } from '../../../src/backups/encryption.ts'

const PASSPHRASE = 'a passphrase for backups alone'
const CHUNK = 65_536 + 16
const NONCE = 16
/** Less work than a real one takes. */
const WORK = 10

async function* parts(bytes: Buffer, size = 1000) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

const encrypt = (content: Buffer, passphrase = PASSPHRASE) => buffer(encryptStream(parts(content), passphrase, WORK))
const decrypt = (encrypted: Buffer, passphrase = PASSPHRASE, size?: number) =>
  buffer(decryptStream(parts(encrypted, size), passphrase))

test('what is encrypted comes back as it was', async (t) => {
  for (const length of [0, 1, 65_535, 65_536, 65_537, 3 * 65_536, 200_000]) {
    const content = Buffer.alloc(length, 'some text of no meaning')
    const encrypted = await encrypt(content)
    t.match(encrypted.toString('latin1'), /^age-encryption\.org\/v1\n-> scrypt [\w+/]{22} 10\n/)
    for (const size of [1009, encrypted.length]) {
      t.ok((await decrypt(encrypted, PASSPHRASE, size)).equals(content), `${length}`)
    }
  }
  t.notOk((await encrypt(Buffer.from('one'))).equals(await encrypt(Buffer.from('one'))), 'no two files are alike')
  t.ok(
    (await decrypt(await encrypt(Buffer.from('one'), 'd\u00e9j\u00e0 vu'), 'de\u0301ja\u0300 vu')).equals(
      Buffer.from('one')
    )
  )
})

test('the format is that of age', async (t) => {
  // A test vector of the format: c2sp.org/CCTV/age, testdata/scrypt.
  const file = Buffer.from(
    'YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IHNjcnlwdCByRjAvTndibFVISFRwZ1FnUnBlNUNRIDEwCmdVakV5bUZLTVZYUUVLZE1NSEwyNG9ZZXhq' +
      'RTNUSUMwTzB6R1NxSjJhVVkKLS0tIElPWGlRWVN0a29UMW12WlcydEZPcVpkaFJWdmo1OGVnQUJ4L3NXZlpRYmMKGzXG5ofdANo6w3msn3QsIf0Y' +
      'WhuePe1znRSsappQEk24Ztg=',
    'base64'
  )
  t.equal((await decrypt(file, 'password')).toString(), 'age')
})

test('what is not as it was encrypted is refused', async (t) => {
  const content = Buffer.alloc(200_000, 'some text of no meaning')
  const encrypted = await encrypt(content)
  const body = encrypted.indexOf('\n', encrypted.indexOf('\n--- ') + 1) + 1 + NONCE
  const header = encrypted.subarray(0, body)
  const chunk = (number: number) => encrypted.subarray(body + number * CHUNK, body + (number + 1) * CHUNK)
  const changed = (at: number, to?: string) =>
    Buffer.from(encrypted.map((byte, index) => (index === at ? (to?.charCodeAt(0) ?? byte ^ 1) : byte)))
  const other = await encrypt(content)
  const scrypt = encrypted.indexOf('-> scrypt')
  const work = encrypted.indexOf(' 10\n')
  const DAMAGED = 'The backup is damaged or truncated; nothing was restored.'
  const CLOSED = 'The passphrase is wrong, or the header of the backup is damaged.'
  const NONE = 'The file is not a backup of Latchkey.'
  for (const [what, bytes, message] of [
    ['nothing', Buffer.alloc(0), NONE],
    ['another file', Buffer.from('%PDF-1.7'), NONE],
    ['a newer format', changed('age-encryption.org/v'.length, '2'), NONE],
    ['the first line alone', encrypted.subarray(0, encrypted.indexOf('\n') + 1), CLOSED],
    ['half a header', encrypted.subarray(0, 40), CLOSED],
    ['a header without the bytes after it', encrypted.subarray(0, body - 1), CLOSED],
    ['another recipient than a passphrase', changed(scrypt + 3, 'S'), CLOSED],
    ['more work than is believed', changed(work + 1, '9'), CLOSED],
    ['other work', changed(work + 2, '1'), CLOSED],
    ['another salt', changed(scrypt + 12), CLOSED],
    ['another header mac', changed(encrypted.indexOf('\n--- ') + 6), CLOSED],
    ['another nonce', changed(body - 1), DAMAGED],
    ['a header alone', header, DAMAGED],
    ['a changed byte of the first chunk', changed(body), DAMAGED],
    ['a changed byte of a later chunk', changed(body + CHUNK + 5), DAMAGED],
    ['a changed tag', changed(encrypted.length - 1), DAMAGED],
    ['a byte less', encrypted.subarray(0, -1), DAMAGED],
    ['a byte more', Buffer.concat([encrypted, Buffer.alloc(1)]), DAMAGED],
    ['the last chunk missing', encrypted.subarray(0, body + 3 * CHUNK), DAMAGED],
    ['the first chunk missing', Buffer.concat([header, encrypted.subarray(body + CHUNK)]), DAMAGED],
    ['chunks in another order', Buffer.concat([header, chunk(1), chunk(0), chunk(2), chunk(3)]), DAMAGED],
    ['a chunk twice', Buffer.concat([header, chunk(0), chunk(0), chunk(1), chunk(2), chunk(3)]), DAMAGED],
    ['chunks of another file', Buffer.concat([header, other.subarray(body)]), DAMAGED]
  ] as const) {
    await t.rejects(decrypt(bytes), { name: 'BackupRefusal', message }, what)
  }
  await t.rejects(decrypt(encrypted, 'another passphrase'), { name: 'BackupRefusal', message: CLOSED })
})

test('what keeps a file from being read is passed on', async (t) => {
  const encrypted = await encrypt(Buffer.alloc(200_000, 'some text of no meaning'))
  async function* failing(bytes: number) {
    yield encrypted.subarray(0, bytes)
    throw new Error('EIO')
  }
  for (const bytes of [10, 30, 100_000]) {
    await t.rejects(buffer(decryptStream(failing(bytes), PASSPHRASE)), { name: 'Error', message: 'EIO' }, `${bytes}`)
  }
  await t.rejects(buffer(encryptStream(failing(100_000), PASSPHRASE, WORK)), { message: 'EIO' })
})

test('a reader that stops early lets the file go', async (t) => {
  let closed = false
  const encrypted = await encrypt(Buffer.alloc(300_000))
  async function* source() {
    try {
      yield* parts(encrypted)
    } finally {
      closed = true
    }
  }
  for await (const _ of decryptStream(source(), PASSPHRASE)) break
  while (!closed) await new Promise(setImmediate)
  t.pass('it is closed')
})

test('content comes back however large the pieces are that are read', async (t) => {
  const content = Buffer.alloc(9_000_000, 'a row of an account, ')
  const encrypted = await encrypt(content)
  for (const size of [1_000, 4_000_000]) t.ok((await decrypt(encrypted, PASSPHRASE, size)).equals(content), `${size}`)
})

test('a header without an end is refused before much of it is read', async (t) => {
  let given = 0
  async function* endless() {
    yield Buffer.from('age-encryption.org/v1\n-> scrypt ')
    for (;;) {
      given += 65_536
      yield Buffer.alloc(65_536, 'x')
    }
  }
  const message = 'The passphrase is wrong, or the header of the backup is damaged.'
  await t.rejects(buffer(decryptStream(endless(), PASSPHRASE)), { name: 'BackupRefusal', message })
  t.ok(given <= 17_000_000, `${given}`)
})
