import { test } from 'tap'
import { createKeyRing, SecretMismatch } from '../../../src/keys/key-ring.ts'
import type { SigningKey } from '../../../src/keys/signing-keys.ts'
import { caught } from '../../helpers/caught.ts'

/** A key that signs in a number of milliseconds. */
function key(kid: string, signsIn = 0, privateKey: string | undefined = `private ${kid}`): SigningKey {
  const jwk = { kty: 'EC', crv: 'P-256', x: 'x', y: 'y', kid, alg: 'ES256', use: 'sig' } as const
  return { kid, jwk, publicKey: `public ${kid}`, privateKey, signsIn }
}

const verifyingOnly = (kid: string): SigningKey => ({ ...key(kid), privateKey: undefined })

/** A ring with keys and a time that a test sets, and a count of reads. */
function setUp(...keys: SigningKey[]) {
  const source = { keys, reads: 0, time: 0, fault: undefined as Error | undefined }
  const ring = createKeyRing({
    async read() {
      source.reads++
      if (source.fault) throw source.fault
      return source.keys
    },
    now: () => source.time
  })
  return { source, ring }
}

test('a ring that was never read is empty', async (t) => {
  const { ring } = setUp(key('one'))
  t.strictSame(ring.jwks(), { keys: [] })
  t.equal(ring.find('one'), undefined)
  t.throws(() => ring.signingKey(), SecretMismatch)
  t.throws(() => ring.newest(), { message: 'the key ring is empty' })
})

test('a ring publishes all its keys and finds each by its kid', async (t) => {
  const { ring } = setUp(key('one', -1000), key('two'), key('next', 360_000), verifyingOnly('foreign'))
  await ring.refresh()
  t.strictSame(ring.jwks(), { keys: ['one', 'two', 'next', 'foreign'].map((kid) => key(kid).jwk) })
  t.match(ring.find('one'), key('one', -1000))
  t.match(ring.find('foreign'), { kid: 'foreign', publicKey: 'public foreign', privateKey: undefined })
  t.equal(ring.find('unknown'), undefined)
})

test('a ring signs with', async (t) => {
  const table: [what: string, keys: SigningKey[], kid: string][] = [
    ['its only key', [key('one')], 'one'],
    ['the newest key whose time has come', [key('one', -2000), key('two', -1000), key('next', 1)], 'two'],
    ['the newest key that it can unwrap', [key('one', -2000), verifyingOnly('two')], 'one'],
    ['the first that it can unwrap when the time of none has come', [verifyingOnly('one'), key('two', 1)], 'two']
  ]
  for (const [what, keys, kid] of table) {
    const { ring } = setUp(...keys)
    await ring.refresh()
    t.equal(ring.signingKey().kid, kid, what)
  }
  const { ring } = setUp(verifyingOnly('one'), verifyingOnly('two'))
  await ring.refresh()
  t.throws(
    () => ring.signingKey(),
    {
      name: 'SecretMismatch',
      message:
        'SECRET_KEY unwraps none of the 2 signing keys in the database: set the SECRET_KEY that they were sealed with, or add it as SECRET_KEY_PREVIOUS'
    },
    'nothing, when it can unwrap none'
  )
})

test('a key that was unwrapped once signs until it has left the ring', async (t) => {
  const { source, ring } = setUp(key('one'))
  await ring.refresh()
  source.keys = [verifyingOnly('one'), verifyingOnly('two')]
  await ring.refresh()
  t.match(ring.signingKey(), { kid: 'one', privateKey: 'private one' })
  source.keys = [verifyingOnly('two')]
  await ring.refresh()
  t.throws(() => ring.signingKey(), SecretMismatch)
})

test('the newest key is the last to sign, with the time from which it does', async (t) => {
  const { source, ring } = setUp(key('one', -1000), key('next', 360_000))
  source.time = 1_000_000
  await ring.refresh()
  t.match(ring.newest(), { kid: 'next', signsFrom: 1_360_000 })
  source.keys = [key('one', -1000)]
  await ring.refresh()
  t.match(ring.newest(), { kid: 'one', signsFrom: 999_000 })
})

test('the next key signs from its time on, without another read', async (t) => {
  const { source, ring } = setUp(key('one'), key('next', 360_000))
  source.time = 1_000_000
  await ring.refresh()
  source.time += 359_999
  t.equal(ring.signingKey().kid, 'one')
  source.time += 1
  t.strictSame([ring.signingKey().kid, ring.signingKey().privateKey, source.reads], ['next', 'private next', 1])
})

test('a read replaces what was known', async (t) => {
  const { source, ring } = setUp(key('one'), key('two'))
  await ring.refresh()
  source.keys = [key('two'), key('three')]
  await ring.refresh()
  t.strictSame(ring.jwks(), { keys: [key('two').jwk, key('three').jwk] })
  t.equal(ring.find('one'), undefined)
})

test('a failed read rejects, and the ring keeps its keys', async (t) => {
  const { source, ring } = setUp(key('one'))
  await ring.refresh()
  source.fault = new Error('the database is away')
  t.equal(await caught(ring.refresh()), source.fault)
  t.strictSame([ring.signingKey().kid, ring.jwks()], ['one', { keys: [key('one').jwk] }])
  source.fault = undefined
  source.keys = [key('two')]
  await ring.refresh()
  t.equal(ring.signingKey().kid, 'two')
})

test('concurrent reads are one', async (t) => {
  const { source, ring } = setUp(key('one'))
  await Promise.all([ring.refresh(), ring.refresh(), ring.discover('one')])
  t.equal(source.reads, 1)
})

test('a kid', async (t) => {
  await t.test('that is known needs no read', async (t) => {
    const { source, ring } = setUp(key('one'))
    await ring.refresh()
    t.match(await ring.discover('one'), key('one'))
    t.equal(source.reads, 1)
  })

  await t.test('that is unknown causes a read', async (t) => {
    const { source, ring } = setUp(key('one'))
    await ring.refresh()
    source.keys = [key('one'), key('two')]
    t.match(await ring.discover('two'), key('two'))
    t.equal(source.reads, 2)
  })

  await t.test('that is unknown causes at most one read in five seconds', async (t) => {
    const { source, ring } = setUp(key('one'))
    await ring.refresh()
    const looks: number[] = []
    for (const time of [0, 1, 4_999, 5_000, 5_001, 9_999, 10_000]) {
      source.time = time
      t.equal(await ring.discover(`forged at ${time}`), undefined)
      looks.push(source.reads - 1)
    }
    t.strictSame(looks, [1, 1, 1, 2, 2, 2, 3])
  })

  await t.test('that is unknown waits for a read in progress', async (t) => {
    const { source, ring } = setUp(key('one'))
    await ring.refresh()
    source.keys = [key('one'), key('two')]
    const found = await Promise.all([ring.discover('two'), ring.discover('two'), ring.discover('forged')])
    t.strictSame(
      found.map((each) => each?.kid),
      ['two', 'two', undefined]
    )
    t.equal(source.reads, 2)
  })

  await t.test('that a failed read does not find stays unknown, and the ring keeps its keys', async (t) => {
    const { source, ring } = setUp(key('one'))
    await ring.refresh()
    source.fault = new Error('the database is away')
    t.equal(await ring.discover('two'), undefined)
    t.equal(await ring.discover('three'), undefined)
    t.strictSame([source.reads, ring.signingKey().kid], [2, 'one'])
  })
})
