import type { IncomingMessage } from 'node:http'
import ipaddr from 'ipaddr.js'
import { Problem } from '../errors.ts'

/** Whether a text is a loopback address (RFC 1122 §3.2.1.3, RFC 4291 §2.5.3). */
export function isLoopback(address = ''): boolean {
  return ipaddr.isValid(address) && ipaddr.process(address).range() === 'loopback'
}

/**
 * Whether a URL has the scheme `http` and a loopback address or `localhost` (RFC 6761 §6.3) as its host. Cookies are then
 * not Secure, since browsers would refuse them.
 */
export function isPlainLoopback(url: string): boolean {
  const { protocol, hostname } = new URL(url)
  return protocol === 'http:' && (/(?:^|\.)localhost$/.test(hostname) || isLoopback(withoutBrackets(hostname)))
}

/** The host of a URL, an IPv6 address without its brackets (RFC 3986 §3.2.2). */
export const withoutBrackets = (hostname: string) => hostname.replace(/^\[(.*)\]$/, '$1')

/** Headers that proxies add to requests (RFC 7239, RFC 9110 §7.6.3). */
const PROXY_HEADERS =
  /^(?:(?:x-)?forwarded(?:-.*)?|x-original-.*|via|(?:x-real|x-client|x-cluster-client|cf-connecting|true-client)-ip)$/

/**
 * Whether a request comes from this machine, without a proxy, and names a loopback host. The check of the host prevents
 * DNS rebinding.
 */
export function isLocalRequest({ headers, socket }: Pick<IncomingMessage, 'headers' | 'socket'>): boolean {
  const url = `http://${headers.host}`
  return (
    isLoopback(socket.remoteAddress) &&
    URL.canParse(url) &&
    isPlainLoopback(url) &&
    !Object.keys(headers).some((name) => PROXY_HEADERS.test(name))
  )
}

/**
 * Refuses every request but a local one. Usable as an onRequest hook.
 *
 * @throws Problem NOT_FOUND
 */
export async function requireLocal(request: Parameters<typeof isLocalRequest>[0]): Promise<void> {
  if (!isLocalRequest(request)) throw new Problem('NOT_FOUND')
}

/** Whether the host of a URL is the unspecified address, to which no client can connect (RFC 1122 §3.2.1.3). */
export function isUnspecified(url: string): boolean {
  const host = withoutBrackets(new URL(url).hostname)
  return ipaddr.isValid(host) && ipaddr.process(host).range() === 'unspecified'
}

/** Whether a host is on this machine or in a private network: by its address, or by a name without a dot. */
export function isPrivateHost(hostname: string): boolean {
  const host = withoutBrackets(hostname)
  if (!ipaddr.isValid(host)) return !host.includes('.')
  return ['loopback', 'private', 'uniqueLocal'].includes(ipaddr.process(host).range())
}
