import { test } from 'tap'
import { importHash } from '../../../src/passwords/foreign-hash.ts'
import work from '../../../src/passwords/hash-worker.js'
import { readHash, type StoredHash, writeHash } from '../../../src/passwords/stored-hash.ts'

const PLAIN = 'correct horse battery staple'
const UMLAUT = 'pässwörd'

/** A Keycloak credential of a realm export, with two nested JSON documents. */
const exported = (secret: object, credential: object) => ({
  type: 'password',
  secretData: JSON.stringify(secret),
  credentialData: JSON.stringify(credential)
})

const KEYCLOAK = {
  hashIterations: 1000,
  algorithm: 'pbkdf2-sha512',
  salt: 'AAECAwQFBgcICQoLDA0ODw==',
  value: 'A6AmFIti7CKlYdoPiV9jf1d9llp37o27Wms8Zx8fwMJGCOigJzAthOW3Pg+XF5PnNiYnsQsIz1N5NtynrEm78w=='
}
const KEYCLOAK_ARGON2 = {
  hashIterations: 5,
  algorithm: 'argon2',
  additionalParameters: { hashLength: ['32'], memory: ['7168'], type: ['id'], version: ['1.3'], parallelism: ['1'] }
}
const KEYCLOAK_ARGON2_SECRET = {
  value: '8cZyfmGLYgTYc8avb2ZXWqFShr92bklhQdS/tplOl9k=',
  salt: 'AAECAwQFBgcICQoLDA0ODw=='
}
const FIREBASE =
  '$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,sk=ou9tdYTGyYm8kuR6Dt0Bp0kDuAYoXrK16mbZO4yGwAn3oLspjnN0/c41v8xZnO1n14J3MjKj1b2g6AUCAlFwMw==$C0sHCg9ek77hsg==$zKVTMvnWVw5BBOZNUdnsalx4c4c7y/w7IS5p6Ut2+CfEFFlz37J9huyQfov4iizN8dbjvEJlM5tQaJP84+hfTw=='

/** The service, the password, the hash, and the stored hash if that differs. */
const vectors: [maker: string, password: string, given: string | object, kept?: string][] = [
  ['argon2-cffi 21.1, argon2id', PLAIN, '$argon2id$v=19$m=1024,t=2,p=2$QHWkNWd2d+pE/4j8ioy+OA$gVuL7EmLG96ifhemmLNE7w'],
  ['argon2-cffi 21.1, argon2i', PLAIN, '$argon2i$v=19$m=1024,t=2,p=2$i1bhdaHKjbgHVir9amLFyg$6r7kOQ1my6V7gTCSka1bUg'],
  ['argon2-cffi 21.1, argon2d', PLAIN, '$argon2d$v=19$m=1024,t=2,p=2$t3mgjfaFpdMwe+m/xSiahQ$nKc+jziu8Xs3a9XFwSOTwQ'],
  [
    'argon2-cffi 21.1, argon2id',
    UMLAUT,
    '$argon2id$v=19$m=65536,t=3,p=4$3bnNocNTKOMpMaZGbfXymA$GnOMFziiPycOOuOrVwed6Q'
  ],
  ['passlib 1.7.4, $2$', PLAIN, '$2$04$Lbw9Bn.gnuFjYgVBP1ugY.bVkbcK/J8VvPKxTPQOhMDGyz8CthZRm'],
  ['passlib 1.7.4, $2a$', PLAIN, '$2a$04$45vEwrAg.kQ9ADxXK5g.V.rjAvsLMUxuk1e/mZyqjOfGEcJAyQN.O'],
  ['passlib 1.7.4, $2b$', PLAIN, '$2b$04$BcwFNVg2eHECO4KNM0Cz7eIOnp8GT5wksGtvhaeATO1bdnjUllDba'],
  ['passlib 1.7.4, $2y$', PLAIN, '$2y$04$CKTD7.0MrAh2L.jIrowf4uS8pm1ycwAjBHkhpjWebRHhGhGMJVWgW'],
  ['python bcrypt 3.2.2, 2a', UMLAUT, '$2a$04$iy4rHaGeIDFX4GRY90NZcO9QhiFzOH8CfUcs0mDBIJdMRDhbhtL5e'],
  ['python bcrypt 3.2.2, 2b', UMLAUT, '$2b$04$XQXHsqjQTnhgQq37v/G0W.P4qhD/qoonFJKnqddmcpCFeWV39tVOi'],
  [
    'passlib 1.7.4, scrypt',
    PLAIN,
    '$scrypt$ln=10,r=8,p=2$PUeIsRYCIKS0NoaQcq61lg$/ETo0j7WwfKUlRmhx59N4gXBfRFCzjUwRrhuy+7nxQI'
  ],
  ['passlib 1.7.4, pbkdf2 sha1', PLAIN, '$pbkdf2$1000$qJUSAsB4LyWEMOY8JwTAWA$TISPpQY9Oi1U28xI4gxgzf6LY.g'],
  [
    'passlib 1.7.4, pbkdf2 sha256',
    UMLAUT,
    '$pbkdf2-sha256$1000$BgBAKCXEOOeckxJi7H3v3Q$8WJ6a6UaynPEiHWiWoVurF5yJbQcleQe8WvRyl3c6Pw'
  ],
  [
    'passlib 1.7.4, pbkdf2 sha512',
    PLAIN,
    '$pbkdf2-sha512$1000$izHmXGsNAcC4956zVgpBiA$lcQ7/do2vjZzRj5Z9F1li9oORh2IhPEM2nEXilPldIhBzsLsAdOVFxPod8vLvcPYVOL0yISkNYTgL9VtuxDuug'
  ],
  [
    'passlib 1.7.4, pbkdf2 sha256 with dots',
    PLAIN,
    '$pbkdf2-sha256$1000$8T5nDGHM2ZsTIqTU.t97Tw$eH3lfVGJfFxihM4xdZOYzKHboTXkv71OY1X1ileL3gU'
  ],
  ['Django 3.2, pbkdf2_sha256', UMLAUT, 'pbkdf2_sha256$1000$NaClNaClNaCl$R2oCAdfEsCw0dle9fZcK/jpnzXroZzamstLgK6SfIeI='],
  [
    'Django 5, scrypt',
    'l\u00e8tmein',
    'scrypt$16384$seasalt$8$1$Qj3+9PPyRjSJIebHnG81TMjsqtaIGxNQG/aEB/NYafTJ7tibgfYz71m0ldQESkXFRkdVCBhhY8mx7rQwite/Pw=='
  ],
  ['Django 3.2, pbkdf2_sha1', PLAIN, 'pbkdf2_sha1$1000$NaClNaClNaCl$tp5y7YTaIxqUbCP12nQrNldLoxs='],
  ['Django 3.2, argon2', PLAIN, 'argon2$argon2id$v=19$m=1024,t=2,p=8$TmFDbE5hQ2xOYUNsTmFDbA$67XGH12GwNdqM+7u4yu14A'],
  ['Django 3.2, bcrypt', PLAIN, 'bcrypt$$2b$04$slZANJwptvij9R2VKBIZXO7/iZHIUEcuIq5iYieoSq8dRjqQW4bz.'],
  [
    'Python’s hashlib, werkzeug scrypt',
    PLAIN,
    'scrypt:1024:8:1$NaClNaClNaClNaCl$a70b022bace1910935f91b21dd2f5f5dc9bb980f272ea5bcacfdf9b3e57b7c5e0fa3f08b8b9e61dc07b5f85264266ef7ada443af7d0a8148f0ce814de73716ee'
  ],
  [
    'Python’s hashlib, werkzeug pbkdf2',
    PLAIN,
    'pbkdf2:sha256:1000$NaClNaClNaClNaCl$4da7912e8df0dfa07b12f61aefdc314e64691c81cd8f92f019fb5100c4adb2af'
  ],
  [
    'Python’s hashlib, scrypt PHC',
    UMLAUT,
    '$scrypt$ln=10,r=8,p=1$AAECAwQFBgcICQoLDA0ODw$+klCkubs0ckYiTbZO4MWS3k2LxOt6MCvuou+ZUKyyp4'
  ],
  [
    'Python’s hashlib, kratos scrypt',
    PLAIN,
    '$scrypt$ln=1024,r=8,p=1$AAECAwQFBgcICQoLDA0ODw==$mp90zEQd5XGhjEv4WArVH4Z0XRSzkGWtJK2S/AXJlRU='
  ],
  [
    'Python’s hashlib, kratos pbkdf2',
    PLAIN,
    '$pbkdf2-sha256$i=1000,l=32$AAECAwQFBgcICQoLDA0ODw$ppsXnjrdPB4KryJ6DrOqKqhkWrhv7PbKAMF1Eml8cZ4'
  ],
  [
    'the argon2 of its authors, version 16',
    PLAIN,
    '$argon2id$v=16$m=1024,t=2,p=1$c2FsdHNhbHRzYWx0$Ls067YXNuXTRxU6jpZodJH1xRGrVwvVSKdDwXiPUsaY'
  ],
  [
    'the argon2 of its authors, without its version',
    PLAIN,
    '$argon2id$m=1024,t=2,p=1$c2FsdHNhbHRzYWx0$Ls067YXNuXTRxU6jpZodJH1xRGrVwvVSKdDwXiPUsaY',
    '$argon2id$v=16$m=1024,t=2,p=1$c2FsdHNhbHRzYWx0$Ls067YXNuXTRxU6jpZodJH1xRGrVwvVSKdDwXiPUsaY'
  ],
  [
    'the argon2 of its authors, argon2d',
    PLAIN,
    '$argon2d$v=19$m=1024,t=2,p=4$c2FsdHNhbHRzYWx0$8sl7YtPz6pnWnU6NwDRjoink1nYQTIfJ4bePbA0scgM'
  ],
  [
    'hash-wasm 4.13, argon2id',
    UMLAUT,
    '$argon2id$v=19$m=512,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$kq5NgUkpWVTraM+rEpoOKSqhxuQv7G2/RRFfPknwUIs'
  ],
  [
    'hash-wasm 4.13, argon2i',
    UMLAUT,
    '$argon2i$v=19$m=512,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$DD6j45/UE657oj2PxAKSMg4BMKAVyO05DmH+LLKOm48'
  ],
  ['hash-wasm 4.13, bcrypt', UMLAUT, '$2a$04$..aMDPuhIhC2NyXLTDrgYOoRxWLXOPcCAjJWlj4J2kk3i8UjcZRNq'],
  [
    'hash-wasm 4.13, scrypt',
    UMLAUT,
    '$scrypt$ln=11,r=4,p=3$MDEyMzQ1Njc4OWFiY2RlZg$vnglp6kyT7/gcsm7hja4aiKeXTQYoTz1bwOehhgZNQCIqJ6272Ox5gFkA+QjDjiz'
  ],
  [
    'hash-wasm 4.13, pbkdf2-sha256',
    UMLAUT,
    '$pbkdf2-sha256$i=1500$MDEyMzQ1Njc4OWFiY2RlZg$Em7NZvbpxtUkW01+glpo+faFjpyFXj58BQiXqjQfaTM'
  ],
  [
    'hash-wasm 4.13, pbkdf2-sha512',
    UMLAUT,
    '$pbkdf2-sha512$i=1500$MDEyMzQ1Njc4OWFiY2RlZg$1+xWoUiKetzXVnlhFzpLwHME1pHP3AhbbfdF+wMmg8A'
  ],
  [
    'better-auth',
    PLAIN,
    'c258298aed92762e5af77a0e74aa9dc0:5702f51c87a752ea5ceddfdcb6795873dc5314f43630b9be8f23d6918d77b8937b024c52f1191954784999c519dceaaaf47e56cae029bfedbfef3dc5f56d97b6'
  ],
  ['Firebase, as Supabase writes it', 'mytestpassword', FIREBASE],
  [
    'Keycloak, a realm of version 21 or before',
    'password',
    exported(
      {
        value: 'JsfNbCOIdZUbyBJ+BT+VoGI91Ec2rWLOvkLPDaX8e9k=',
        salt: 'P5rtFkGtPfoaryJ6PizUJw==',
        additionalParameters: {}
      },
      { hashIterations: 27500, algorithm: 'pbkdf2-sha256', additionalParameters: {} }
    )
  ],
  [
    'Keycloak, another realm',
    'admin',
    exported(
      { value: 'F4ZWxBJMUPwWmJvFj5E2gDgW3B7ov4zCKftOIcYnLUk=', salt: 'SXjNXUAHuADNgWa4WG5yUA==' },
      { hashIterations: 27500, algorithm: 'pbkdf2-sha256' }
    )
  ],
  ['Python’s hashlib, as Keycloak with SHA-512', PLAIN, KEYCLOAK],
  [
    'Python’s hashlib, as Keycloak with SHA-256 and twice its length',
    PLAIN,
    {
      ...KEYCLOAK,
      algorithm: 'pbkdf2-sha256',
      value: 'ppsXnjrdPB4KryJ6DrOqKqhkWrhv7PbKAMF1Eml8cZ7TX23G+6QgERwdCrtdq7/IU5aB6IVSOpTz6igHBLZ5Gw=='
    }
  ],
  ['argon2-cffi 21.1, as Keycloak', PLAIN, exported(KEYCLOAK_ARGON2_SECRET, KEYCLOAK_ARGON2)]
]

test('hashes of other services match their passwords, and no others', async (t) => {
  for (const [maker, password, given, kept] of vectors) {
    await t.test(maker, async (t) => {
      const { hash: text = '' } = importHash(given)
      if (kept) t.equal(text, kept)
      const hash = readHash(text) as StoredHash
      t.equal(writeHash(hash), text, 'the normal form is read as it is written')
      t.strictSame(importHash(text), { hash: text }, 'and adopted as itself')
      t.equal(await work({ password, hash }), true)
      for (const wrong of [`${password}!`, password.toUpperCase()])
        t.equal(await work({ password: wrong, hash }), false)
    })
  }
})

const KEY = 'AAECAwQFBgcICQoLDA0ODw'
const HEX = '00'.repeat(32)
const UNKNOWN = 'has no known format'
const costly = (what: string) => `is too costly to verify: ${what}`
const work4 = 'scrypt with more than 4 times 128 MiB'

const refused: [what: string, given: string | object, reason: string][] = [
  ['nothing', '', UNKNOWN],
  ['a password', 'correct horse battery staple', UNKNOWN],
  ['no password', '!', UNKNOWN],
  ['MD5', '5f4dcc3b5aa765d61d8327deb882cf99', UNKNOWN],
  ['an object that is no text', { salt: { toString: 1 }, value: 'x' }, UNKNOWN],
  ['$2x$, which marks hashes that are wrong', `$2x$10$${'.'.repeat(53)}`, UNKNOWN],
  ['bcrypt that is too short', `$2b$10$${'.'.repeat(52)}`, UNKNOWN],
  ['bcrypt with bits over, which never matches', `$2b$10$${'.'.repeat(52)}/`, UNKNOWN],
  ['bcrypt at cost 3', `$2b$03$${'.'.repeat(53)}`, UNKNOWN],
  ['bcrypt at cost 16', `$2y$16$${'.'.repeat(53)}`, costly('bcrypt above cost 15')],
  ['argon2 of another version', `$argon2id$v=18$m=64,t=1,p=1$${KEY}$${KEY}`, UNKNOWN],
  ['argon2 with a secret', `$argon2id$v=19$m=64,t=1,p=1,keyid=AA$${KEY}$${KEY}`, UNKNOWN],
  ['argon2 in another order', `$argon2id$v=19$t=1,m=64,p=1$${KEY}$${KEY}`, UNKNOWN],
  ['argon2 with too little memory', `$argon2id$v=19$m=15,t=1,p=2$${KEY}$${KEY}`, UNKNOWN],
  ['argon2 with too many lanes', `$argon2id$v=19$m=4096,t=1,p=256$${KEY}$${KEY}`, UNKNOWN],
  ['argon2 without passes', `$argon2id$v=19$m=64,t=0,p=1$${KEY}$${KEY}`, UNKNOWN],
  ['argon2 with a short salt', `$argon2id$v=19$m=64,t=1,p=1$AAECAw$${KEY}`, UNKNOWN],
  ['argon2 with a short key', `$argon2id$v=19$m=64,t=1,p=1$${KEY}$AAECAw`, UNKNOWN],
  ['argon2 with a key of odd bits', `$argon2id$v=19$m=64,t=1,p=1$${KEY}$${KEY.replace(/w$/, 'x')}`, UNKNOWN],
  ['argon2 with a very long key', `$argon2id$v=19$m=64,t=1,p=1$${KEY}$${'AAAA'.repeat(43)}`, UNKNOWN],
  [
    'argon2 with 2 GiB',
    `$argon2id$v=19$m=2097152,t=1,p=4$${KEY}$${KEY}`,
    costly('argon2 with more than 128 MiB of memory')
  ],
  [
    'argon2 with many passes',
    `$argon2d$v=19$m=131072,t=9,p=4$${KEY}$${KEY}`,
    costly('argon2 with more than 8 passes over 128 MiB')
  ],
  ['scrypt with a version', `$scrypt$v=19$ln=4,r=8,p=1$${KEY}$${KEY}`, UNKNOWN],
  ['scrypt without r', `$scrypt$ln=4,p=1$${KEY}$${KEY}`, UNKNOWN],
  ['scrypt with an N of 1', `scrypt:1:8:1$salt$${HEX}`, UNKNOWN],
  ['scrypt with an N that is no power of two', `scrypt:1000:8:1$salt$${HEX}`, UNKNOWN],
  ['scrypt with an N that is none', `scrypt:0:8:1$salt$${HEX}`, UNKNOWN],
  ['scrypt with much memory', `$scrypt$ln=18,r=8,p=1$${KEY}$${KEY}`, costly('scrypt with more than 128 MiB of memory')],
  ['scrypt with all memory', `$scrypt$ln=99,r=8,p=1$${KEY}$${KEY}`, costly('scrypt with more than 128 MiB of memory')],
  [
    'scrypt with many lanes',
    `$scrypt$ln=1,r=1,p=200000$${KEY}$${KEY}`,
    costly('scrypt with more than 128 MiB of memory')
  ],
  ['scrypt with an N above what r allows', `scrypt:65536:1:1$salt$${HEX}`, UNKNOWN],
  ['scrypt with much parallel work', `$scrypt$ln=16,r=8,p=9$${KEY}$${KEY}`, costly(work4)],
  ['Firebase’s of another version', FIREBASE.replace('v=1', 'v=2'), UNKNOWN],
  ['Firebase’s without its key', FIREBASE.replace(/,sk=[^$]+/, ''), UNKNOWN],
  ['Firebase’s with another length', FIREBASE.replace('sk=ou9t', 'sk='), UNKNOWN],
  ['Firebase’s with much parallel work', FIREBASE.replace('p=1', 'p=99'), costly(work4)],
  ['PBKDF2 with MD5', `pbkdf2:md5:1000$salt$${HEX}`, UNKNOWN],
  ['PBKDF2 with a digest that is none', `$pbkdf2-constructor$i=1000$${KEY}$${KEY}`, UNKNOWN],
  ['PBKDF2 without rounds', `$pbkdf2-sha256$i=0$${KEY}$${KEY}`, UNKNOWN],
  ['PBKDF2 without rounds, as Django', `pbkdf2_sha256$0$salt$${KEY}`, UNKNOWN],
  [
    'PBKDF2 with many rounds',
    `pbkdf2_sha256$4000001$salt$${KEY}`,
    costly('pbkdf2-sha256 with more than 4000000 rounds')
  ],
  [
    'PBKDF2 with many rounds for many bytes',
    `pbkdf2:sha1:2000001$salt$${HEX}`,
    costly('pbkdf2-sha1 with more than 4000000 rounds')
  ],
  [
    'PBKDF2 with many rounds of SHA-512',
    `pbkdf2_sha512$2000001$salt$${KEY}`,
    costly('pbkdf2-sha512 with more than 2000000 rounds')
  ],
  ['a name that is not known', `$sha512-crypt$r=5$${KEY}$${KEY}`, UNKNOWN],
  ['an empty object', {}, UNKNOWN],
  ['Keycloak’s with documents that are none', { secretData: '{', credentialData: 5 }, UNKNOWN],
  ['Keycloak’s argon2 without its bytes', KEYCLOAK_ARGON2, UNKNOWN],
  [
    'Keycloak’s argon2 without its costs',
    { ...KEYCLOAK_ARGON2_SECRET, algorithm: 'argon2', hashIterations: 5 },
    UNKNOWN
  ],
  [
    'Keycloak’s of much work',
    { ...KEYCLOAK, hashIterations: 2000001 },
    costly('pbkdf2-sha512 with more than 2000000 rounds')
  ]
]

test('rejected hashes, and the reasons', async (t) => {
  for (const [what, given, reason] of refused) t.strictSame(importHash(given), { reason }, what)
})

test('hashes of the highest allowed cost are imported', async (t) => {
  for (const given of [
    `$2b$15$${'.'.repeat(53)}`,
    `$argon2id$v=19$m=131072,t=8,p=4$${KEY}$${KEY}`,
    `$scrypt$ln=16,r=8,p=8$${KEY}$${KEY}`,
    `$pbkdf2-sha1$i=4000000$${KEY}$${KEY}`,
    `$pbkdf2-sha512$i=2000000$${KEY}$${KEY}`
  ]) {
    t.strictSame(importHash(given), { hash: given })
  }
})

test('Keycloak’s older forms', async (t) => {
  const { hash: sha1 } = importHash({ ...KEYCLOAK, algorithm: 'pbkdf2' })
  t.match(sha1, /^\$pbkdf2-sha1\$i=1000\$/)
  const { algorithm, hashIterations } = KEYCLOAK_ARGON2
  const additionalParameters = { ...KEYCLOAK_ARGON2.additionalParameters, version: ['1.0'] }
  const { hash: old } = importHash({ ...KEYCLOAK_ARGON2_SECRET, algorithm, hashIterations, additionalParameters })
  t.match(old, /^\$argon2id\$v=16\$m=7168,t=5,p=1\$/)
})
