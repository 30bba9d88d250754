import ipaddr from 'ipaddr.js'

/** Whether an address is one of this machine's own (RFC 1122 §3.2.1.3, RFC 4291 §2.5.3). */
export function isLoopback(address = ''): boolean {
  return ipaddr.isValid(address) && ipaddr.process(address).range() === 'loopback'
}

/**
 * Whether a URL leads to this machine alone, by address or as `localhost` (RFC 6761 §6.3), and without TLS: cookies are
 * then not Secure, since a browser would not take them.
 */
export function isPlainLoopback(url: string): boolean {
  const { protocol, hostname } = new URL(url)
  return (
    protocol === 'http:' && (/(?:^|\.)localhost$/.test(hostname) || isLoopback(hostname.replace(/^\[(.*)\]$/, '$1')))
  )
}

/** An address of this machine or of a network of one's own, or a name without a dot, as containers have. */
export function isNear(hostname: string): boolean {
  const host = hostname.replace(/^\[(.*)\]$/, '$1')
  if (!ipaddr.isValid(host)) return !host.includes('.')
  return ['loopback', 'private', 'uniqueLocal'].includes(ipaddr.process(host).range())
}
