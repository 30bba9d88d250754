import { X509Certificate } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import ipaddr from 'ipaddr.js'

/** The sender of mails. */
export interface Sender {
  /** Display name, or an empty string. */
  name: string
  address: string
}

/** Splits a comma-separated list. */
export function list(text: string): string[] {
  return text
    .split(',')
    .map((entry) => entry.trim())
    .filter(Boolean)
}

/** Whether a text is an IP address or host name that a URL accepts: no octet above 255, and no IPv6 zone. */
export function isHost(text: string): boolean {
  const isAddressOrName = ipaddr.isValid(text) || /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/i.test(text)
  return isAddressOrName && URL.canParse(`http://${urlHost(text)}`)
}

/** A name in lower case, without a dot at its end, that a URL does not take for an address. */
export function isDomain(text: string): boolean {
  const isOne = /^(?=.{1,253}$)[a-z0-9][a-z0-9-]{0,62}(?:\.[a-z0-9][a-z0-9-]{0,62})*$/.test(text)
  return isOne && parseUrl(`http://${text}`)?.host === text && !ipaddr.isValid(text)
}

/** An origin as browsers name it in WebAuthn, or that of an app (the SHA-256 of the certificate that signed it). */
export function isPasskeyOrigin(text: string): boolean {
  if (/^android:apk-key-hash:[\w-]{43}$/.test(text)) return true
  const url = parseUrl(text)
  return url?.origin === text && /^https?:$/.test(url.protocol)
}

/** An address of version 6 stands in brackets (RFC 3986 §3.2.2). */
export const urlHost = (host: string) => (host.includes(':') ? `[${host}]` : host)

/** Why a path cannot be a folder; undefined if it is one or does not exist yet. */
export function folderProblem(path: string): string | undefined {
  try {
    return statSync(path).isDirectory() ? undefined : `${resolve(path)} is not a folder`
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    return code === 'ENOENT' ? undefined : message
  }
}

/** Whether a text is a CIDR range. */
export function isRange(text: string): boolean {
  return ipaddr.IPv6.isValidCIDR(text) || ipaddr.IPv4.isValidCIDRFourPartDecimal(text)
}

/** Parses a URL; null if it is invalid. */
export function parseUrl(text: string): URL | null {
  return URL.canParse(text) ? new URL(text) : null
}

/** Whether a text is an http(s) URL without credentials, query or fragment. */
export function isPublicUrl(text: string): boolean {
  const url = parseUrl(text)
  return (
    url !== null &&
    ['http:', 'https:'].includes(url.protocol) &&
    url.username === '' &&
    url.password === '' &&
    !/[\s?#]/.test(text)
  )
}

/** Whether the percent-encoding of a text is valid. */
export function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text)
    return true
  } catch {
    return false
  }
}

/** Parses a mailbox, `a@example.com` or `Name <a@example.com>` (RFC 5322 §3.4), without quoted parts. */
export function readSender(text: string): Sender | undefined {
  const [, name = '', bracketed, bare] = SENDER.exec(text) ?? []
  const address = bracketed ?? bare
  return address === undefined ? undefined : { name: name.trim(), address }
}

const SENDER = /^(?:([^\p{C}"<>@,;:\\]*)<([^\s<>@,;:]+@[^\s<>@,;:]+)>|([^\s<>@,;:]+@[^\s<>@,;:]+))$/u

/**
 * Whether a text is an SMTP URL. A query is rejected: nodemailer reads options from it that can weaken the connection.
 */
export function isSmtpUrl(text: string): boolean {
  const url = parseUrl(text)
  return (
    url !== null &&
    /^smtps?:$/.test(url.protocol) &&
    url.hostname !== '' &&
    /^\/?$/.test(url.pathname) &&
    !/[\s?#]/.test(text) &&
    [url.username, url.password].every(isDecodable)
  )
}

/** Whether a path is a folder that this user may read. */
export function isReadableFolder(path: string): boolean {
  try {
    return readdirSync(path).length >= 0
  } catch {
    return false
  }
}

/** Whether a path is a readable file with a certificate in PEM. */
export function isCertificate(path: string): boolean {
  try {
    return new X509Certificate(readFileSync(path)).subject !== ''
  } catch {
    return false
  }
}
