import type { IncomingMessage } from 'node:http'
import ipaddr from 'ipaddr.js'

type Address = ipaddr.IPv4 | ipaddr.IPv6

/** What a connection that is gone has for an address (RFC 4291 §2.5.2). */
const UNSPECIFIED = ipaddr.parse('::')

/** How many trusted proxies a request may have come through: further entries are not read. */
const MAX_HOPS = 32

/**
 * A node of RFC 7239 §6 that has an address: that address, one of version 6 perhaps in brackets, and a port behind it.
 * Without brackets, what follows the last colon of an IPv6 address is a part of it.
 */
const NODE = /^(?:([^[\]:]+)|\[([^[\]]*:[^[\]]*)\])(?::(?:\d{1,5}|_[\w.-]+))?$/

/** What no address exceeds, with a zone, brackets and a port: longer entries are not looked at. */
const MAX_NODE = 100

/** Where requests come from. */
export interface ClientAddress {
  clientAddress(request: IncomingMessage): string
  /** Whether somebody who is no trusted proxy says whom the request comes from. */
  isForwardedInVain(request: IncomingMessage): boolean
  /** The trusted proxy that sent an entry which is no address, if one did; its clients count as one. */
  findUnreadableHop(request: IncomingMessage): string | undefined
}

/**
 * Says where a request comes from: the socket, or, when that is a trusted proxy, the rightmost X-Forwarded-For entry
 * that is not one, without its port or brackets. What a client writes further left is never believed, and an entry that
 * is no address counts as the hop that sent it; @fastify/proxy-addr, which is Fastify's `trustProxy`, hands it on as the
 * address.
 *
 * @param trusted addresses and CIDRs of the proxies
 */
export function createClientAddress(trusted: string[]): ClientAddress {
  const ranges = trusted.map((entry) => (entry.includes('/') ? ipaddr.parseCIDR(entry) : host(ipaddr.process(entry))))
  const isTrusted = (address: Address) =>
    ranges.some((range) => range[0].kind() === address.kind() && address.match(range as never))

  const peerOf = ({ socket }: IncomingMessage) => read(socket.remoteAddress ?? '') ?? UNSPECIFIED

  /** The nearest hop that is no trusted proxy, or that sent no address for the one before it. */
  function trace(request: IncomingMessage): { hop: Address; isUnreadable: boolean } {
    const forwarded = String(request.headers['x-forwarded-for'] ?? '')
    let hop = peerOf(request)
    let end = forwarded.trim() === '' ? -1 : forwarded.length
    for (let hops = 0; end >= 0 && hops < MAX_HOPS && isTrusted(hop); hops += 1) {
      const comma = forwarded.slice(0, end).lastIndexOf(',')
      const next = readNode(forwarded.slice(comma + 1, end).trim())
      if (!next) return { hop, isUnreadable: true }
      hop = next
      end = comma
    }
    return { hop, isUnreadable: false }
  }

  return {
    clientAddress: (request) => trace(request).hop.toString(),
    isForwardedInVain: (request) => request.headers['x-forwarded-for'] !== undefined && !isTrusted(peerOf(request)),
    findUnreadableHop(request) {
      // Most requests have none, and need no address parsed for it.
      if (request.headers['x-forwarded-for'] === undefined) return undefined
      const { hop, isUnreadable } = trace(request)
      return isUnreadable ? hop.toString() : undefined
    }
  }
}

/** What limits count a client by: its address, or of one of version 6 the /64 that it is free to choose from. */
export function networkOf(address: string): string {
  return prefixOf(address, 4) ?? address
}

/** The /48 of an address of version 6: whoever has one, as a site does, has 65,536 of /64. None of version 4. */
export function wideNetworkOf(address: string): string | undefined {
  return prefixOf(address, 3)
}

/** An address of version 6 with all but its first parts of 16 bits set to 0. */
function prefixOf(address: string, count: number): string | undefined {
  const parsed = ipaddr.parse(address)
  if (parsed.kind() === 'ipv4') return undefined
  return new ipaddr.IPv6((parsed as ipaddr.IPv6).parts.map((part, index) => (index < count ? part : 0))).toString()
}

/** Whether a text is an address as it is written today: no number, octal or short form of one. */
export function isAddress(text: string): boolean {
  return ipaddr.IPv6.isValid(text) || ipaddr.IPv4.isValidFourPartDecimal(text)
}

/** An address without its zone, which means something on this machine alone (RFC 4007 §6). */
function read(text: string): Address | undefined {
  return isAddress(text) ? ipaddr.process(text.replace(/%.*/, '')) : undefined
}

/** The address of an X-Forwarded-For entry: bare, as RFC 7239 §6 writes a node, or with a port behind it. */
function readNode(entry: string): Address | undefined {
  if (entry.length > MAX_NODE) return undefined
  const [, bare, bracketed] = NODE.exec(entry) ?? []
  return read(bare ?? bracketed ?? entry)
}

const host = (address: Address) => [address, address.kind() === 'ipv4' ? 32 : 128] as const
