import type { IncomingMessage } from 'node:http'
import { test } from 'tap'
import { createClientAddress, isLoopback, isLoopbackUrl } from '../../src/client-address.ts'

/** The client address of a request that comes over a socket with an X-Forwarded-For header. */
function addressOf(trusted: string[], remoteAddress: string | undefined, forwarded?: string): string {
  const headers = forwarded === undefined ? {} : { 'x-forwarded-for': forwarded }
  return createClientAddress(trusted)({ socket: { remoteAddress }, headers } as unknown as IncomingMessage)
}

const PROXIES = ['10.0.0.0/8', '192.0.2.1', '2001:db8:aaaa::/48', '::1', '::ffff:192.0.2.99']

const cases: [string, string[], string | undefined, string | undefined, string][] = [
  ['is the socket’s', [], '203.0.113.7', undefined, '203.0.113.7'],
  ['is the socket’s where no proxy is trusted, whatever the header says', [], '203.0.113.7', '1.1.1.1', '203.0.113.7'],
  ['is the socket’s where that is no trusted proxy', PROXIES, '203.0.113.7', '1.1.1.1', '203.0.113.7'],
  ['is the proxy’s own where it forwards for nobody', PROXIES, '10.1.2.3', undefined, '10.1.2.3'],
  ['is the one that a trusted proxy names', PROXIES, '10.1.2.3', '203.0.113.7', '203.0.113.7'],
  ['is the one that a proxy trusted by its address names', PROXIES, '192.0.2.1', '203.0.113.7', '203.0.113.7'],
  ['is not the one that the neighbour of a trusted proxy names', PROXIES, '192.0.2.2', '203.0.113.7', '192.0.2.2'],
  ['is never what a client wrote further left', PROXIES, '10.1.2.3', '1.1.1.1, 203.0.113.7', '203.0.113.7'],
  [
    'is the rightmost that is no trusted proxy',
    PROXIES,
    '10.1.2.3',
    '1.1.1.1,203.0.113.7 ,  2001:db8:aaaa::5,10.9.9.9',
    '203.0.113.7'
  ],
  ['is the leftmost where all are trusted proxies', PROXIES, '10.1.2.3', '10.0.0.1, 10.0.0.2', '10.0.0.1'],
  ['is an IPv6 one', PROXIES, '2001:db8:aaaa:1::1', '2001:DB8:0:0::7', '2001:db8::7'],
  ['is an IPv4 one, where IPv6 carries it', [], '::ffff:203.0.113.7', undefined, '203.0.113.7'],
  ['is found behind a proxy whose IPv4 is carried by IPv6', PROXIES, '::ffff:10.1.2.3', '203.0.113.7', '203.0.113.7'],
  ['is found behind a proxy that was trusted in that form', PROXIES, '192.0.2.99', '203.0.113.7', '203.0.113.7'],
  ['is found behind a proxy on the same machine', PROXIES, '::1', '::ffff:203.0.113.7', '203.0.113.7'],
  ['has no zone, which means something on the server alone', [], 'fe80::1%eth0', undefined, 'fe80::1'],
  ['is that of the proxy which sent no address', PROXIES, '10.1.2.3', '203.0.113.7, unknown', '10.1.2.3'],
  ['is that of the proxy which sent an empty entry', PROXIES, '10.1.2.3', '203.0.113.7,', '10.1.2.3'],
  ['is that of the proxy which sent a port with it', PROXIES, '10.1.2.3', '203.0.113.7:4711', '10.1.2.3'],
  ['is that of the proxy which sent a number', PROXIES, '10.1.2.3', '3405803783', '10.1.2.3'],
  ['is that of the proxy which sent an octal address', PROXIES, '10.1.2.3', '0313.0.0161.7', '10.1.2.3'],
  ['is that of the last proxy before one that sent no address', PROXIES, '10.1.2.3', 'x, 10.0.0.2', '10.0.0.2'],
  ['is the unspecified one when the client has gone', PROXIES, undefined, '203.0.113.7', '::']
]

test('a client’s address', async (t) => {
  for (const [what, trusted, socket, forwarded, address] of cases) {
    await t.test(what, async (t) => t.equal(addressOf(trusted, socket, forwarded), address))
  }
})

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

test('a URL of this machine', async (t) => {
  const urls: [string, boolean][] = [
    ['http://127.0.0.1:3000', true],
    ['http://127.1', true],
    ['http://127.8.8.8/auth', true],
    ['http://localhost', true],
    ['http://LocalHost:3000', true],
    ['http://id.localhost:3000', true],
    ['http://[::1]:3000', true],
    ['http://[::ffff:127.0.0.1]', true],
    ['https://localhost:3000', true],
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
    await t.test(`${expected ? 'may be' : 'is never'} ${url}`, async (t) => t.equal(isLoopbackUrl(url), expected))
  }
})
