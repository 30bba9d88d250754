import { test } from 'tap'
import { accountKeys, devicesKey, limitKey, nameKeys } from '../../../src/limits/counter-keys.ts'

const SECRET = Buffer.alloc(32, 7)

const key = (...what: string[]) => limitKey(SECRET, ...what)

test('the key of a counter', async (t) => {
  t.equal(key('login', '192.0.2.1').length, 16)
  const keys = [
    key('login', '192.0.2.1'),
    key('login', '192.0.2.2'),
    key('register', '192.0.2.1'),
    key('login,192.0.2.1'),
    limitKey(Buffer.alloc(32, 8), 'login', '192.0.2.1')
  ]
  t.equal(new Set(keys.map((each) => each.toString('hex'))).size, 5)
  t.strictSame(key('login', '192.0.2.1'), keys[0])
})

test('the keys of names', (t) => {
  const both = nameKeys(SECRET, { username: 'Ada', email: 'ada@Example.com' })
  t.strictSame(both, [key('username', 'ada'), key('email', 'ada@example.com')])
  t.strictSame(nameKeys(SECRET, { username: null, email: 'Ada' }), [key('email', 'ada')])
  t.strictSame(nameKeys(SECRET, {}), [])
  t.strictSame(accountKeys(SECRET, { id: 'x', username: 'Ada', email: null }), [
    devicesKey(SECRET, 'x'),
    key('username', 'ada')
  ])
  t.end()
})
