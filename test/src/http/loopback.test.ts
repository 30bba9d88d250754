import { test } from 'tap'
import { isLocalRequest, isLoopback, isPlainLoopback, isUnspecified, requireLocal } from '../../../src/http/loopback.ts'

test('an address of this machine', async (t) => {
  const addresses: [string | undefined, boolean][] = [
    ['127.0.0.1', true],
    ['127.8.8.8', true],
    ['127.255.255.255', true],
    ['::1', true],
    ['::ffff:127.0.0.1', true],
    ['128.0.0.1', false],
    ['126.255.255.255', false],
    ['0.0.0.0', false],
    ['10.0.0.1', false],
    ['192.0.2.1', false],
    ['::', false],
    ['::2', false],
    ['::ffff:192.0.2.1', false],
    ['2001:db8::1', false],
    ['fe80::1%lo', false],
    ['localhost', false],
    ['', false],
    [undefined, false]
  ]
  for (const [address, expected] of addresses) {
    await t.test(`${expected ? 'may be' : 'is never'} ${address}`, async (t) => t.equal(isLoopback(address), expected))
  }
})

test('a URL of this machine without TLS', async (t) => {
  const urls: [string, boolean][] = [
    ['http://127.0.0.1:3000', true],
    ['http://127.1', true],
    ['http://127.8.8.8/auth', true],
    ['http://localhost', true],
    ['http://LocalHost:3000', true],
    ['http://id.localhost:3000', true],
    ['http://[::1]:3000', true],
    ['http://[::ffff:127.0.0.1]', true],
    ['https://localhost:3000', false],
    ['HTTP://LOCALHOST:3000', true],
    ['http://id.example', false],
    ['http://notlocalhost', false],
    ['http://localhost.example', false],
    ['http://127.0.0.1.example', false],
    ['http://10.0.0.1:3000', false],
    ['http://0.0.0.0:3000', false],
    ['http://[::]:3000', false],
    ['http://[2001:db8::1]:3000', false],
    ['http://id.example/localhost', false],
    ['http://id.example?127.0.0.1#localhost', false]
  ]
  for (const [url, expected] of urls) {
    await t.test(`${expected ? 'may be' : 'is never'} ${url}`, async (t) => t.equal(isPlainLoopback(url), expected))
  }
})

test('a request of this machine', async (t) => {
  const isLocal = (headers: Record<string, string>, remoteAddress: string | undefined = '127.0.0.1') =>
    isLocalRequest({ headers, socket: { remoteAddress } } as never)

  for (const host of [
    'localhost',
    'localhost:3000',
    '127.0.0.1:3000',
    '[::1]:3000',
    'LOCALHOST',
    'x.localhost',
    '127.1'
  ]) {
    t.ok(isLocal({ host }), host)
  }
  for (const host of [
    'evil.example',
    'localhost.evil.example',
    'localhost@evil.example',
    'evil.example/@localhost',
    '127.0.0.1.nip.io',
    '0.0.0.0',
    '[::]',
    '192.0.2.1',
    '',
    'a b'
  ]) {
    t.notOk(isLocal({ host }), host)
  }
  t.notOk(isLocal({}), 'without a Host')
  for (const address of ['192.0.2.1', '10.0.0.1', '::ffff:192.0.2.1', ''])
    t.notOk(isLocal({ host: 'localhost' }, address))
  for (const name of [
    'x-forwarded-for',
    'x-forwarded-host',
    'x-forwarded-anything',
    'x-forwarded',
    'forwarded',
    'forwarded-for',
    'via',
    'x-real-ip',
    'x-original-host',
    'x-client-ip',
    'cf-connecting-ip',
    'true-client-ip'
  ]) {
    t.notOk(isLocal({ host: 'localhost', [name]: '' }), name)
  }
  t.ok(isLocal({ host: 'localhost', 'x-request-id': 'x', deviation: 'x', 'x-forward': 'x' }), 'with headers of clients')
})

test('a URL that names every address of a machine', (t) => {
  const urls: [url: string, expected: boolean][] = [
    ['http://0.0.0.0:3000', true],
    ['http://0:3000', true],
    ['http://[::]', true],
    ['http://[::ffff:0.0.0.0]', true],
    ['http://127.0.0.1', false],
    ['http://localhost', false],
    ['https://id.example', false]
  ]
  for (const [url, expected] of urls) t.equal(isUnspecified(url), expected, url)
  t.end()
})

test('requireLocal refuses every request but a local one', async (t) => {
  const from = (remoteAddress: string | undefined, headers: object) => ({ headers, socket: { remoteAddress } }) as never
  const local = { host: 'localhost:3000' }
  await requireLocal(from('127.0.0.1', local))
  for (const request of [
    from('192.0.2.1', local),
    from('127.0.0.1', { host: 'evil.example' }),
    from('127.0.0.1', { ...local, via: '' }),
    // A connection that has closed has no address.
    from(undefined, local)
  ]) {
    await t.rejects(requireLocal(request), { code: 'NOT_FOUND' })
  }
})
