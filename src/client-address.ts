import type { IncomingMessage } from 'node:http'
import ipaddr from 'ipaddr.js'

/**
 * Says where a request comes from: the socket, or, when that is a trusted proxy, the rightmost X-Forwarded-For entry
 * that is not one. What a client writes further left is never believed, and an entry that is no address counts as
 * the hop that sent it.
 *
 * @param trusted addresses and CIDRs of the proxies
 */
export function createClientAddress(trusted: string[]): (request: IncomingMessage) => string {
  const ranges = trusted.map((entry) => (entry.includes('/') ? ipaddr.parseCIDR(entry) : host(ipaddr.parse(entry))))
  const isTrusted = (address: ipaddr.IPv4 | ipaddr.IPv6) =>
    ranges.some((range) => range[0].kind() === address.kind() && address.match(range as never))

  return ({ socket, headers }) => {
    let hop = socket.remoteAddress ?? ''
    for (const entry of String(headers['x-forwarded-for'] ?? '')
      .split(',')
      .reverse()) {
      if (!ipaddr.isValid(hop) || !isTrusted(ipaddr.process(hop))) break
      const next = entry.trim()
      if (!ipaddr.isValid(next)) break
      hop = next
    }
    return ipaddr.isValid(hop) ? ipaddr.process(hop).toString() : hop
  }
}

const host = (address: ipaddr.IPv4 | ipaddr.IPv6) => [address, address.kind() === 'ipv4' ? 32 : 128] as const
