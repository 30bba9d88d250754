import { test } from 'tap'
import work from '../../src/hash-worker.js'

test('a worker makes a hash at the cost asked for, and checks passwords against it', (t) => {
  const hash = work({ password: 'correct horse', cost: 4 }) as string
  t.match(hash, /^\$2b\$04\$[./A-Za-z0-9]{53}$/)
  t.equal(work({ password: 'correct horse', hash }), true)
  t.equal(work({ password: 'Correct horse', hash }), false)
  t.end()
})

test('two hashes of one password are not the same', (t) => {
  const [one, other] = [work({ password: 'x', cost: 4 }), work({ password: 'x', cost: 4 })]
  t.not(one, other)
  t.end()
})
