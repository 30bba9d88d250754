import type { IncomingMessage } from 'node:http'
import ipaddr from 'ipaddr.js'

type Address = ipaddr.IPv4 | ipaddr.IPv6

/** The address of a connection that has closed (RFC 4291 §2.5.2). */
const UNSPECIFIED = ipaddr.parse('::')

/** The maximum number of trusted proxies in a chain. Further entries of X-Forwarded-For are not read. */
const MAX_HOPS = 32

/**
 * A node (RFC 7239 §6) with an address: IPv4, or IPv6 in brackets, each with an optional port. An IPv6 address without
 * brackets has no port: the part after its last colon belongs to the address.
 */
const NODE = /^(?:([^[\]:]+)|\[([^[\]]*:[^[\]]*)\])(?::(?:\d{1,5}|_[\w.-]+))?$/

/** The longest entry that is parsed, in characters: enough for an address with a zone, brackets and a port. */
const MAX_NODE = 100

/** Determines the addresses of clients. */
export interface ClientAddress {
  /** The address of the client, without a port or brackets. */
  clientAddress(request: IncomingMessage): string
  /** Whether X-Forwarded-For is ignored, since the peer is not a trusted proxy. */
  isForwardedIgnored(request: IncomingMessage): boolean
  /** The trusted proxy that sent an entry which is not an address, if any. All its clients then share its address. */
  findUnreadableHop(request: IncomingMessage): string | undefined
}

/**
 * Determines the address of a client: that of the socket or, if the peer is a trusted proxy, the rightmost
 * X-Forwarded-For entry that is not a trusted proxy. Entries further left are never used, since a client can forge them.
 * An entry that is not an address is replaced by the address of the hop that sent it, whereas Fastify's `trustProxy`
 * (@fastify/proxy-addr) would return the entry itself.
 *
 * @param trusted addresses and CIDR blocks of the proxies
 */
export function createClientAddress(trusted: string[]): ClientAddress {
  const ranges = trusted.map((entry) => (entry.includes('/') ? ipaddr.parseCIDR(entry) : host(ipaddr.process(entry))))
  const isTrusted = (address: Address) =>
    ranges.some((range) => range[0].kind() === address.kind() && address.match(range as never))

  const peerOf = ({ socket }: IncomingMessage) => read(socket.remoteAddress ?? '') ?? UNSPECIFIED

  /** The nearest hop that is not a trusted proxy, or whose own entry is not an address. */
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
    isForwardedIgnored: (request) => request.headers['x-forwarded-for'] !== undefined && !isTrusted(peerOf(request)),
    findUnreadableHop(request) {
      // Skips parsing for most requests.
      if (request.headers['x-forwarded-for'] === undefined) return undefined
      const { hop, isUnreadable } = trace(request)
      return isUnreadable ? hop.toString() : undefined
    }
  }
}

/** The network that limits count: an IPv4 address, or the /64 of an IPv6 address, in which a client chooses freely. */
export function networkOf(address: string): string {
  return prefixOf(address, 4) ?? address
}

/** The /48 of an IPv6 address: one site typically has a /48, which contains 65,536 networks of /64. */
export function wideNetworkOf(address: string): string | undefined {
  return prefixOf(address, 3)
}

/** An IPv6 address with all but the first `count` groups of 16 bits set to 0; undefined for an IPv4 address. */
function prefixOf(address: string, count: number): string | undefined {
  const parsed = ipaddr.parse(address)
  if (parsed.kind() === 'ipv4') return undefined
  return new ipaddr.IPv6((parsed as ipaddr.IPv6).parts.map((part, index) => (index < count ? part : 0))).toString()
}

/** Whether a text is an IP address, without the obsolete notations of IPv4: a single number, octal, or fewer parts. */
export function isAddress(text: string): boolean {
  return ipaddr.IPv6.isValid(text) || ipaddr.IPv4.isValidFourPartDecimal(text)
}

/**
 * An address in the notation of `clientAddress`, which the audit log stores.
 *
 * @returns undefined if the text is no address
 */
export const normalizeAddress = (text: string): string | undefined => read(text)?.toString()

/** Parses an address and drops its zone, which is only meaningful on this machine (RFC 4007 §6). */
function read(text: string): Address | undefined {
  return isAddress(text) ? ipaddr.process(text.replace(/%.*/, '')) : undefined
}

/** Parses an entry of X-Forwarded-For: an address, or a node with a port (RFC 7239 §6). */
function readNode(entry: string): Address | undefined {
  if (entry.length > MAX_NODE) return undefined
  const [, bare, bracketed] = NODE.exec(entry) ?? []
  return read(bare ?? bracketed ?? entry)
}

const host = (address: Address) => [address, address.kind() === 'ipv4' ? 32 : 128] as const
