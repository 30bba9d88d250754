import type { IncomingMessage } from 'node:http'
import { test } from 'tap'
import { createClientAddress, networkOf, wideNetworkOf } from '../../../src/http/client-address.ts'

/** The client address of a request that comes over a socket with an X-Forwarded-For header. */
function addressOf(trusted: string[], remoteAddress: string | undefined, forwarded?: string): string {
  const headers = forwarded === undefined ? {} : { 'x-forwarded-for': forwarded }
  const request = { socket: { remoteAddress }, headers } as unknown as IncomingMessage
  return createClientAddress(trusted).clientAddress(request)
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
  ['is an IPv4 one without its port', PROXIES, '10.1.2.3', '203.0.113.7:4711', '203.0.113.7'],
  ['is an IPv4 one without a port that is hidden', PROXIES, '10.1.2.3', '203.0.113.7:_x.1', '203.0.113.7'],
  ['is an IPv6 one without its brackets', PROXIES, '10.1.2.3', '[2001:db8::7]', '2001:db8::7'],
  ['is an IPv6 one without its brackets and port', PROXIES, '10.1.2.3', '[2001:db8::7]:4711', '2001:db8::7'],
  ['is an IPv6 one whose end looks like a port', PROXIES, '10.1.2.3', '2001:db8::7:4711', '2001:db8::7:4711'],
  ['is an IPv4 one, carried by IPv6 in brackets', PROXIES, '10.1.2.3', '[::ffff:203.0.113.7]:80', '203.0.113.7'],
  ['has no zone in brackets either', PROXIES, '10.1.2.3', '[fe80::1%eth0]:80', 'fe80::1'],
  [
    'is found behind proxies that send ports',
    PROXIES,
    '10.1.2.3',
    '1.1.1.1:1,\t203.0.113.7:4711 ,[2001:db8:aaaa::5]:80,10.9.9.9:8080',
    '203.0.113.7'
  ],
  ...['203.0.113.7:', '203.0.113.7:x', '203.0.113.7:123456', '203.0.113.7:1:2', ':80', '[203.0.113.7]', '[]', '[]:80']
    .concat(
      '[2001:db8::7',
      '2001:db8::7]',
      '[2001:db8::7]x',
      '[[2001:db8::7]]',
      '[2001:db8::7]:',
      '"203.0.113.7"',
      '_x'
    )
    .concat('203.0.113.7 1', '203.0.113.256', '203.0.113', '0xcb.0.0.1', '٢.0.0.1', '[', ':'.repeat(15_000))
    .map((entry): (typeof cases)[number] => [
      `is that of the proxy which sent ${entry.slice(0, 30)}`,
      PROXIES,
      '10.1.2.3',
      entry,
      '10.1.2.3'
    ]),
  [
    'is not looked for behind more proxies than there are',
    PROXIES,
    '10.1.2.3',
    `1.1.1.1${', 10.0.0.1'.repeat(32)}`,
    '10.0.0.1'
  ],
  ['is found behind as many', PROXIES, '10.1.2.3', `1.1.1.1${', 10.0.0.1'.repeat(31)}`, '1.1.1.1'],
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

test('who says whom a request comes from, and is not believed', async (t) => {
  const cases: [what: string, remoteAddress: string | undefined, forwarded: string | undefined, inVain: boolean][] = [
    ['a trusted proxy is', '10.1.2.3', '203.0.113.7', false],
    ['another is not', '192.0.2.2', '203.0.113.7', true],
    ['another is not, with an empty header', '192.0.2.2', '', true],
    ['who says nothing needs not be', '192.0.2.2', undefined, false],
    ['who has gone is not', undefined, '203.0.113.7', true]
  ]
  for (const [what, remoteAddress, forwarded, inVain] of cases) {
    await t.test(what, async (t) => {
      const headers = forwarded === undefined ? {} : { 'x-forwarded-for': forwarded }
      const request = { socket: { remoteAddress }, headers } as unknown as IncomingMessage
      t.equal(createClientAddress(PROXIES).isForwardedIgnored(request), inVain)
    })
  }
})

test('the hop that sent an entry which is no address', async (t) => {
  const cases: [what: string, remoteAddress: string, forwarded: string | undefined, hop: string | undefined][] = [
    ['is nobody where all are addresses', '10.1.2.3', '1.1.1.1, 10.0.0.1:80', undefined],
    ['is nobody without a header', '10.1.2.3', undefined, undefined],
    ['is nobody with an empty header', '10.1.2.3', '', undefined],
    ['is nobody who is not trusted', '192.0.2.2', 'unknown', undefined],
    ['is nobody where a client wrote it', '10.1.2.3', 'unknown, 203.0.113.7', undefined],
    ['is the socket’s', '10.1.2.3', 'unknown', '10.1.2.3'],
    ['is one behind it', '10.1.2.3', 'unknown, 10.0.0.1', '10.0.0.1']
  ]
  for (const [what, remoteAddress, forwarded, hop] of cases) {
    await t.test(what, async (t) => {
      const headers = forwarded === undefined ? {} : { 'x-forwarded-for': forwarded }
      const request = { socket: { remoteAddress }, headers } as unknown as IncomingMessage
      t.equal(createClientAddress(PROXIES).findUnreadableHop(request), hop)
    })
  }
})

test('what limits count a client by', async (t) => {
  for (const [address, network, wide] of [
    ['192.0.2.1', '192.0.2.1', undefined],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::', '2001:db8:1::'],
    ['2001:db8:1:2::', '2001:db8:1:2::', '2001:db8:1::'],
    ['2001:db8:1:3::1', '2001:db8:1:3::', '2001:db8:1::'],
    ['2001:db8:2:3::1', '2001:db8:2:3::', '2001:db8:2::'],
    ['::1', '::', '::'],
    ['::', '::', '::']
  ] as const) {
    t.equal(networkOf(address), network, address)
    t.equal(wideNetworkOf(address), wide, address)
  }
})
