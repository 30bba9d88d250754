import { test } from 'tap'
import { createSealer } from '../../../src/providers/sealed.ts'

test('what is sealed opens under its name and key alone, for 10 minutes', (t) => {
  let now = 1000
  const sealer = createSealer(Buffer.alloc(32, 1), () => now)
  const sealed = sealer.seal('a', { x: 1 })
  t.match(sealed, /^[\w-]+$/)
  t.strictSame(sealer.open('a', sealed), { x: 1, sealedAt: 1000 })
  t.equal(sealer.open('b', sealed), undefined)
  t.equal(sealer.open('a', `${sealed.slice(0, -2)}AA`), undefined)
  t.equal(sealer.open('a', ''), undefined)
  t.equal(createSealer(Buffer.alloc(32, 2), () => now).open('a', sealed), undefined)
  now += 600_000
  t.equal(sealer.open('a', sealed), 'expired')
  t.end()
})
