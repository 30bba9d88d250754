import type { IncomingMessage } from 'node:http'
import ipaddr from 'ipaddr.js'

type Address = ipaddr.IPv4 | ipaddr.IPv6

/** What a connection that is gone has for an address (RFC 4291 §2.5.2). */
const UNSPECIFIED = ipaddr.parse('::')

/**
 * Says where a request comes from: the socket, or, when that is a trusted proxy, the rightmost X-Forwarded-For entry
 * that is not one. What a client writes further left is never believed, and an entry that is no address counts as
 * the hop that sent it.
 *
 * @param trusted addresses and CIDRs of the proxies
 */
export function createClientAddress(trusted: string[]): (request: IncomingMessage) => string {
  const ranges = trusted.map((entry) => (entry.includes('/') ? ipaddr.parseCIDR(entry) : host(ipaddr.process(entry))))
  const isTrusted = (address: Address) =>
    ranges.some((range) => range[0].kind() === address.kind() && address.match(range as never))

  return ({ socket, headers }) => {
    let hop = read(socket.remoteAddress ?? '') ?? UNSPECIFIED
    for (const entry of String(headers['x-forwarded-for'] ?? '')
      .split(',')
      .reverse()) {
      const next = isTrusted(hop) ? read(entry.trim()) : undefined
      if (!next) break
      hop = next
    }
    return hop.toString()
  }
}

/** Whether a text is an address as it is written today: no number, octal or short form of one. */
export function isAddress(text: string): boolean {
  return ipaddr.IPv6.isValid(text) || ipaddr.IPv4.isValidFourPartDecimal(text)
}

/** Whether an address is one of this machine's own (RFC 1122 §3.2.1.3, RFC 4291 §2.5.3). */
export function isLoopback(address = ''): boolean {
  return ipaddr.isValid(address) && ipaddr.process(address).range() === 'loopback'
}

/** Whether a URL leads to this machine alone, by address or as `localhost` (RFC 6761 §6.3). */
export function isLoopbackUrl(url: string): boolean {
  const { hostname } = new URL(url)
  return /(?:^|\.)localhost$/.test(hostname) || isLoopback(hostname.replace(/^\[(.*)\]$/, '$1'))
}

/** An address without its zone, which means something on this machine alone (RFC 4007 §6). */
function read(text: string): Address | undefined {
  return isAddress(text) ? ipaddr.process(text.replace(/%.*/, '')) : undefined
}

const host = (address: Address) => [address, address.kind() === 'ipv4' ? 32 : 128] as const
