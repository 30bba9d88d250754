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
