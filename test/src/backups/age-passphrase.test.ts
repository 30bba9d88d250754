import { Stanza } from 'age-encryption'
import { test } from 'tap'
import { passphraseIdentity, passphraseRecipient } from '../../../src/backups/age-passphrase.ts'

const PASSPHRASE = 'a passphrase for backups alone'
const FILE_KEY = Buffer.alloc(16, 7)

const wrap = async (passphrase: string, work?: number) => {
  const [stanza] = await passphraseRecipient(passphrase, work).wrapFileKey(FILE_KEY)
  return stanza as Stanza
}
const unwrap = async (stanzas: Stanza[]) => passphraseIdentity(PASSPHRASE).unwrapFileKey(stanzas)

test('a passphrase is made a key with 128 MiB of work', async (t) => {
  const stanza = await wrap(PASSPHRASE)
  const [type, salt, work] = stanza.args
  t.match([type, salt, work, stanza.body.length], ['scrypt', /^[\w+/]{22}$/, '17', 32])
  t.strictSame(await unwrap([stanza]), FILE_KEY)
  t.not((await wrap(PASSPHRASE)).args[1], salt, 'each file has its own salt')
})

test('the test vector of age is opened', async (t) => {
  // c2sp.org/CCTV/age, testdata/scrypt
  const body = Buffer.from('gUjEymFKMVXQEKdMMHL24oYexjE3TIC0O0zGSqJ2aUY', 'base64')
  const stanza = new Stanza(['scrypt', 'rF0/NwblUHHTpgQgRpe5CQ', '10'], body)
  t.equal(String(await passphraseIdentity('password').unwrapFileKey([stanza])), 'YELLOW SUBMARINE')
})

test('what is no stanza of a passphrase is not opened', async (t) => {
  const { args, body } = await wrap(PASSPHRASE, 10)
  const [type, salt] = args as [string, string]
  const stanza = new Stanza(args, body)
  for (const [what, stanzas] of [
    ['none', []],
    ['two', [stanza, stanza]],
    ['another type', [new Stanza(['X25519', salt], body)]],
    ['a salt that is too short', [new Stanza([type, salt.slice(1), '10'], body)]],
    ['no work', [new Stanza([type, salt], body)]],
    ['work that is no decimal number', [new Stanza([type, salt, '0x0a'], body)]],
    ['more work than is accepted', [new Stanza([type, salt, '19'], body)]],
    ['an argument more', [new Stanza([...args, '1'], body)]],
    ['a file key that is too long', [new Stanza(args, Buffer.concat([body, body]))]]
  ] as const) {
    t.equal(await unwrap([...stanzas]), null, what)
  }
  await t.rejects(unwrap([await wrap('another passphrase', 10)]), { name: 'Error' })
})
