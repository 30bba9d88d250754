import { test } from 'tap'
import {
  costExcess,
  decode,
  isDigest,
  NO_PASSWORD,
  positiveInteger,
  readHash,
  type StoredHash,
  writeHash
} from '../../../src/passwords/stored-hash.ts'

const SALTED = '$MDEyMzQ1Njc4OWFiY2RlZg$MDEyMzQ1Njc4OWFiY2RlZg'
const BYTES = 'MDEyMzQ1Njc4OWFiY2RlZg=='

test('a hash is parsed as it was serialized', (t) => {
  for (const text of [
    `$2b$12$${'x'.repeat(53)}`,
    `$2$12$${'x'.repeat(53)}`,
    `$argon2d$v=16$m=64,t=1,p=1${SALTED}`,
    `$argon2id$v=19$m=64,t=1,p=1${SALTED}`,
    `$scrypt$ln=4,r=8,p=1${SALTED}`,
    `$fbscrypt$v=1,n=4,r=8,p=1,ss=Bw==,sk=${BYTES}$${BYTES}$${BYTES}`,
    `$pbkdf2-sha1$i=2${SALTED}`
  ]) {
    t.equal(writeHash(readHash(text) as StoredHash), text)
  }
  t.end()
})

test('NO_PASSWORD and unknown formats are no hashes', (t) => {
  for (const text of [
    NO_PASSWORD,
    '',
    `$2a$12$${'x'.repeat(53)}`,
    `$pbkdf2-sha1$2${SALTED}`,
    `$scrypt$ln=1024,r=8${SALTED}`,
    // OpenSSL accepts no more (RFC 7914 §6).
    `$scrypt$ln=16,r=1,p=1${SALTED}`
  ]) {
    t.equal(readHash(text), undefined, text)
  }
  t.end()
})

test('an original bcrypt hash is verified with the prefix of a later one', (t) => {
  const text = `$2b$12$${'x'.repeat(53)}`
  t.strictSame(readHash(text), { algorithm: 'bcrypt', cost: 12, text, repeated: false })
  t.strictSame(readHash(text.replace('b', '')), { algorithm: 'bcrypt', cost: 12, text, repeated: true })
  t.end()
})

// Costs beyond the limits are tested in foreign-hash.test.ts.
test('hashes of the service itself are not too costly', (t) => {
  t.equal(costExcess(readHash(`$2b$15$${'x'.repeat(53)}`) as StoredHash), undefined)
  t.equal(costExcess(readHash(`$scrypt$ln=17,r=8,p=1${SALTED}`) as StoredHash), undefined, 'nor is what OWASP advises')
  t.match(costExcess(readHash(`$2b$16$${'x'.repeat(53)}`) as StoredHash), /cost 15/)
  t.end()
})

test('numbers, digests and base64 are parsed strictly', (t) => {
  t.strictSame(['1', '4294967295', '0', '01', '-1', '1e3', '', undefined].map(positiveInteger), [
    1,
    4294967295,
    ...Array(6).fill(undefined)
  ])
  t.strictSame(['sha1', 'sha256', 'sha512', 'md5', 'toString'].map(isDigest), [true, true, true, false, false])
  t.strictSame(decode('Bw=='), new Uint8Array([7]))
  t.strictSame(decode('Bw'), new Uint8Array([7]))
  t.strictSame(['', undefined, 'Bx==', 'B!', 'A'.repeat(176)].map(decode), Array(5).fill(undefined))
  t.end()
})
