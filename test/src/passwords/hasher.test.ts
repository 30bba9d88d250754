import bcrypt from 'bcrypt'
import { Piscina } from 'piscina'
import { test } from 'tap'
import { Problem } from '../../../src/errors.ts'
import { createHasher } from '../../../src/passwords/hasher.ts'
import { refusal } from '../../helpers/app.ts'

const FULL = refusal(503, 'Service Unavailable', 'OVERLOADED', 'The service is busy; try again shortly.')
const GONE = refusal(503, 'Service Unavailable', 'OVERLOADED', 'The client has gone.')

const SALTED = '$AAECAwQFBgcICQoLDA0ODw$AAECAwQFBgcICQoLDA0ODw'

/** The body of a refusal, or the result if there was none. */
const outcome = (promise: Promise<unknown>) =>
  promise.catch((error) => (error instanceof Problem ? error.toJSON() : error))

test('a hasher', async (t) => {
  const hasher = createHasher({ cost: 10, concurrency: 1, queue: 1 })
  t.teardown(() => hasher.close())
  const hash = await hasher.hash('pässwörd')

  await t.test('makes bcrypt hashes with its cost', async (t) => {
    t.match(hash, /^\$2b\$10\$[./A-Za-z0-9]{53}$/)
  })

  await t.test('renews a hash of another cost, unless the queue is full', async (t) => {
    t.equal(await hasher.renew('pässwörd', hash), undefined)
    const cheaper = hash.replace('$10$', '$12$')
    const renewed = await hasher.renew('pässwörd', cheaper)
    t.match(renewed, /^\$2b\$10\$/)
    t.equal(await hasher.verify('pässwörd', renewed), true)
    const busy = [hasher.hash('first'), hasher.hash('second')]
    t.equal(await hasher.renew('pässwörd', cheaper), undefined)
    await Promise.all(busy)
    const forms = ['x', 5]
    const unhashable = { normalize: () => forms.shift() } as unknown as string
    await t.rejects(hasher.renew(unhashable, cheaper), { message: /must be a string/ }, 'a fault of ours is not hidden')
  })

  const longest = 'x'.repeat(72)
  const hashOfLongest = await hasher.hash(longest)
  const verified: [string, string, string | undefined, boolean][] = [
    ['the right password', 'pässwörd', hash, true],
    ['the right password in another normal form', 'pa\u0308sswo\u0308rd', hash, true],
    ['a wrong password', 'passwörd', hash, false],
    ['the right password of nobody', 'pässwörd', undefined, false],
    ['the right password where it stands in the place of its hash', 'pässwörd', 'pässwörd', false],
    ['72 bytes', longest, hashOfLongest, true],
    ['what begins with the 72 bytes that bcrypt sees', `${longest}y`, hashOfLongest, false],
    ['what bcrypt would cut for nobody', `${longest}y`, undefined, false]
  ]
  for (const [what, password, against, matches] of verified) {
    await t.test(`says ${matches ? 'yes' : 'no'} to ${what}`, async (t) => {
      t.equal(await hasher.verify(password, against), matches)
    })
  }

  await t.test('verifies hashes of other services, in their Unicode form', async (t) => {
    const decomposed = 'pa\u0308sswo\u0308rd'
    // Created with Python's hashlib and argon2-cffi.
    const ofDecomposed = '$scrypt$ln=10,r=8,p=1$AAECAwQFBgcICQoLDA0ODw$0H3fxtIsUWvZpLdpmrROuHjrmBRAGtrozknLEVqFZ2s'
    const ofCompatible =
      '$scrypt$ln=14,r=16,p=1$MDAwMTAyMDMwNDA1MDYwNzA4MDkwYTBiMGMwZDBlMGY$IKUV+xLB4zlaVZKDg1Zn7NaZ8ztNAhBSQy54xNftoMGq28ycMMFfwaw7OkQyMf0kWHUlyP1VyOLMwKx+JvDPDw'
    const ofLong = '$argon2id$v=19$m=1024,t=1,p=1$3LL2YTldSKpFNqrNLRg4Sg$A94XzPo6jU8LwJcXHv0hOQ'
    t.equal(await hasher.verify(decomposed, ofDecomposed), true)
    t.equal(await hasher.verify('pässwörd', ofDecomposed), false, 'that one cannot be known')
    t.equal(await hasher.verify('\ufb01ne pässwörd', ofCompatible), true)
    t.equal(await hasher.verify('fine pässwörd', ofCompatible), true)
    t.equal(await hasher.verify(decomposed, ofCompatible.replace('r=16', 'r=15')), false)

    t.equal(await hasher.verify('long '.repeat(20), ofLong), true, 'longer than bcrypt sees')
    t.equal(await hasher.verify('long '.repeat(19), ofLong), false)
    t.equal(await hasher.renew('long '.repeat(20), ofLong), undefined, 'and so it is kept')
    t.match(await hasher.renew('pässwörd', ofDecomposed), /^\$2b\$10\$/)
    t.match(await hasher.renew('pässwörd', hash.replace('$2b$', '$2$')), /^\$2b\$10\$/)
  })

  await t.test('refuses a hash that it does not verify, with the same work, and reports why', async (t) => {
    const reasons: string[] = []
    const hasher = createHasher({ cost: 10, concurrency: 1, queue: 1, unusable: (reason) => reasons.push(reason) })
    t.teardown(() => hasher.close())
    for (const text of [
      'pässwörd',
      hash.replace('$10$', '$31$'),
      '$argon2id$v=19$m=9999999,t=1,p=1$AAECAwQFBgcICQoLDA0ODw$AAECAwQFBgcICQoLDA0ODw'
    ]) {
      const no = hasher.verify('pässwörd', text)
      t.equal(hasher.semaphore.running, 1)
      t.equal(await no, false)
    }
    t.strictSame(reasons, ['it has no known format', 'bcrypt above cost 15', 'argon2 with more than 128 MiB of memory'])
  })

  await t.test('computes one hash for each password, in any Unicode form, with or without an account', async (t) => {
    const forms = ['pässwörd', 'pa\u0308sswo\u0308rd', 'plain', 'x\u0301'.repeat(500), '\ufb01ne pässwörd']
    const hashes = [hash, undefined, null, hash.replace('$2b$', '$2$'), `$argon2id$v=19$m=8,t=1,p=1${SALTED}`]
    const { run } = Piscina.prototype
    const tasks: unknown[] = []
    t.teardown(() => Object.assign(Piscina.prototype, { run }))
    Piscina.prototype.run = function (task, ...rest) {
      tasks.push(task)
      return run.call(this, task, ...rest)
    }
    for (const password of forms) for (const present of hashes) await hasher.verify(password, present)
    t.equal(tasks.length, forms.length * hashes.length)
    t.ok(tasks.every((task) => typeof (task as { password: unknown }).password === 'string'))
  })

  await t.test('verifies bcrypt hashes of NFC only', async (t) => {
    const decomposed = 'pa\u0308sswo\u0308rd'
    const ofDecomposed = bcrypt.hashSync(decomposed, 4)
    t.equal(await hasher.verify(decomposed, ofDecomposed), false)
    t.equal(await hasher.verify('pässwörd', bcrypt.hashSync('pässwörd', 4)), true)
  })

  await t.test('takes the same work to refuse, with or without a hash', async (t) => {
    for (const [password, against] of [
      ['wrong', undefined],
      ['wrong', null],
      [`${longest}y`, hash]
    ] as const) {
      const no = hasher.verify(password, against)
      t.equal(hasher.semaphore.running, 1)
      t.equal(await no, false)
    }
  })

  await t.test('refuses tasks beyond its queue, and cancels those of disconnected clients', async (t) => {
    const client = new AbortController()
    const running = hasher.hash('first')
    const admission = hasher.semaphore.enter({ signal: client.signal })
    const left = outcome(hasher.verify('second', hash, admission))
    t.strictSame([hasher.semaphore.running, hasher.semaphore.waiting], [1, 1])
    t.strictSame(await outcome(hasher.hash('third')), FULL)
    t.strictSame(await outcome(hasher.verify('third', undefined)), FULL)

    client.abort()
    t.strictSame(await left, GONE)
    t.strictSame(await outcome(hasher.hash('third', admission)), GONE)
    t.strictSame([hasher.semaphore.running, hasher.semaphore.waiting], [1, 0])
    t.match(await running, /^\$2b\$10\$/)
    t.strictSame([hasher.semaphore.running, hasher.semaphore.waiting], [0, 0])
  })
})

test('closing a hasher ends running tasks', async (t) => {
  const hasher = createHasher({ cost: 10, concurrency: 1, queue: 0 })
  const running = hasher.hash('x').then(
    () => 'made',
    () => 'ended'
  )
  await hasher.close()
  t.equal(await running, 'ended')
})
