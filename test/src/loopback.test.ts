import { test } from 'tap'
import { isLoopback, isPlainLoopback } from '../../src/loopback.ts'

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
