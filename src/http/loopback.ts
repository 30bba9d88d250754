import type { IncomingMessage } from 'node:http'
import ipaddr from 'ipaddr.js'
import { Problem } from '../errors.ts'

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

/** Headers by which a proxy says that a request is not of whoever connected (RFC 7239, RFC 9110 §7.6.3). */
const OF_PROXIES =
  /^(?:(?:x-)?forwarded(?:-.*)?|x-original-.*|via|(?:x-real|x-client|x-cluster-client|cf-connecting|true-client)-ip)$/

/**
 * Whether a request comes from a client on this machine, by a name of this machine and through no proxy. The name keeps
 * out the pages of others, which a browser could be led to load under a name that leads here (DNS rebinding).
 */
export function isLocalRequest({ headers, socket }: Pick<IncomingMessage, 'headers' | 'socket'>): boolean {
  const url = `http://${headers.host}`
  return (
    isLoopback(socket.remoteAddress) &&
    URL.canParse(url) &&
    isPlainLoopback(url) &&
    !Object.keys(headers).some((name) => OF_PROXIES.test(name))
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

/** Whether a URL names every address of a machine, and so none that a client could ask (RFC 1122 §3.2.1.3). */
export function isUnspecified(url: string): boolean {
  const host = new URL(url).hostname.replace(/^\[(.*)\]$/, '$1')
  return ipaddr.isValid(host) && ipaddr.process(host).range() === 'unspecified'
}

/** An address of this machine or of a network of one's own, or a name without a dot, as containers have. */
export function isNear(hostname: string): boolean {
  const host = hostname.replace(/^\[(.*)\]$/, '$1')
  if (!ipaddr.isValid(host)) return !host.includes('.')
  return ['loopback', 'private', 'uniqueLocal'].includes(ipaddr.process(host).range())
}
