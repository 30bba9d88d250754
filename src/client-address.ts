import type { IncomingMessage } from 'node:http'
import ipaddr from 'ipaddr.js'

type Address = ipaddr.IPv4 | ipaddr.IPv6

/** What a connection that is gone has for an address (RFC 4291 §2.5.2). */
const UNSPECIFIED = ipaddr.parse('::')

/** Where requests come from. */
export interface ClientAddress {
  clientAddress(request: IncomingMessage): string
  /** Whether somebody who is no trusted proxy says whom the request comes from. */
  isForwardedInVain(request: IncomingMessage): boolean
}

/**
 * Says where a request comes from: the socket, or, when that is a trusted proxy, the rightmost X-Forwarded-For entry
 * that is not one. What a client writes further left is never believed, and an entry that is no address counts as
 * the hop that sent it.
 *
 * @param trusted addresses and CIDRs of the proxies
 */
export function createClientAddress(trusted: string[]): ClientAddress {
  const ranges = trusted.map((entry) => (entry.includes('/') ? ipaddr.parseCIDR(entry) : host(ipaddr.process(entry))))
  const isTrusted = (address: Address) =>
    ranges.some((range) => range[0].kind() === address.kind() && address.match(range as never))

  const peerOf = ({ socket }: IncomingMessage) => read(socket.remoteAddress ?? '') ?? UNSPECIFIED

  function clientAddress(request: IncomingMessage): string {
    let hop = peerOf(request)
    for (const entry of String(request.headers['x-forwarded-for'] ?? '')
      .split(',')
      .reverse()) {
      const next = isTrusted(hop) ? read(entry.trim()) : undefined
      if (!next) break
      hop = next
    }
    return hop.toString()
  }

  return {
    clientAddress,
    isForwardedInVain: (request) => request.headers['x-forwarded-for'] !== undefined && !isTrusted(peerOf(request))
  }
}

/** What limits count a client by: its address, or of one of version 6 the /64 that it is free to choose from. */
export function networkOf(address: string): string {
  const parsed = ipaddr.parse(address)
  if (parsed.kind() === 'ipv4') return address
  return new ipaddr.IPv6([...(parsed as ipaddr.IPv6).parts.slice(0, 4), 0, 0, 0, 0]).toString()
}

/** Whether a text is an address as it is written today: no number, octal or short form of one. */
export function isAddress(text: string): boolean {
  return ipaddr.IPv6.isValid(text) || ipaddr.IPv4.isValidFourPartDecimal(text)
}

/** An address without its zone, which means something on this machine alone (RFC 4007 §6). */
function read(text: string): Address | undefined {
  return isAddress(text) ? ipaddr.process(text.replace(/%.*/, '')) : undefined
}

const host = (address: Address) => [address, address.kind() === 'ipv4' ? 32 : 128] as const
