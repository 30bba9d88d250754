import { test } from 'tap'
import { readCredentialId, readTransports, userHandleOf } from '../../../src/factors/credentials.ts'

test('a credential id is the base64url of 1 to 1,023 bytes', (t) => {
  for (const bytes of [Buffer.from([0]), Buffer.from('fbff', 'hex'), Buffer.alloc(1023, 7)]) {
    t.strictSame(readCredentialId(bytes.toString('base64url')), bytes)
  }
  for (const text of ['', '!', 'AB', 'AA==', '+/8', 'AA AA', 'AAAA\n', Buffer.alloc(1024).toString('base64url')]) {
    t.equal(readCredentialId(text), undefined, text.slice(0, 20))
  }
  t.end()
})

test('known transports are kept, each once, and nothing else', (t) => {
  const rows: [given: unknown, kept: string[]][] = [
    [undefined, []],
    [null, []],
    ['usb', []],
    [{ 0: 'usb' }, []],
    [
      ['usb', 'nfc', 'usb'],
      ['nfc', 'usb']
    ],
    [['x'.repeat(5000), 7, null, ['usb'], 'hybrid'], ['hybrid']]
  ]
  for (const [given, kept] of rows) t.strictSame(readTransports(given), kept)
  t.end()
})

test('a user handle is the id of the account', (t) => {
  const handle = userHandleOf('0198a3c2-7f00-7000-8000-0000000000ff')
  t.equal(handle.toString('hex'), '0198a3c27f0070008000' + '0000000000ff')
  t.end()
})
