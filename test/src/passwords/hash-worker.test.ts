import { test } from 'tap'
import work from '../../../src/passwords/hash-worker.js'
import { readHash, type StoredHash } from '../../../src/passwords/stored-hash.ts'

test('a worker hashes with the given cost, and verifies passwords', async (t) => {
  const text = String(await work({ password: 'correct horse', cost: 4 }))
  t.match(text, /^\$2b\$04\$[./A-Za-z0-9]{53}$/)
  const hash = readHash(text) as StoredHash
  t.equal(await work({ password: 'correct horse', hash }), true)
  t.equal(await work({ password: 'Correct horse', hash }), false)
})

test('two hashes of one password are not the same', async (t) => {
  const [one, other] = [await work({ password: 'x', cost: 4 }), await work({ password: 'x', cost: 4 })]
  t.not(one, other)
})

// Hashes that other software has created are tested in foreign-hash.test.ts.
test('the kinds of hashes of other services', async (t) => {
  const salted = '$MDEyMzQ1Njc4OWFiY2RlZg$MDEyMzQ1Njc4OWFiY2RlZg'
  const bytes = 'MDEyMzQ1Njc4OWFiY2RlZg=='
  for (const text of [
    `$argon2id$v=19$m=64,t=1,p=1${salted}`,
    `$argon2i$v=16$m=64,t=1,p=1${salted}`,
    `$scrypt$ln=4,r=8,p=1${salted}`,
    `$fbscrypt$v=1,n=4,r=8,p=1,ss=Bw==,sk=${bytes}$${bytes}$${bytes}`,
    `$pbkdf2-sha256$i=2${salted}`,
    `$2$04$${'.'.repeat(53)}`
  ]) {
    t.equal(await work({ password: 'correct horse', hash: readHash(text) as StoredHash }), false, text)
  }
})
