import { X509Certificate } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import ipaddr from 'ipaddr.js'

/** Whom letters come from. */
export interface Sender {
  /** Empty where there is none. */
  name: string
  address: string
}

export function list(text: string): string[] {
  return text
    .split(',')
    .map((entry) => entry.trim())
    .filter(Boolean)
}

/** Whether it is one that the URL made of it takes too, which no number of more than 255 or zone is. */
export function isHost(text: string): boolean {
  const isOne = ipaddr.isValid(text) || /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/i.test(text)
  return isOne && URL.canParse(`http://${urlHost(text)}`)
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

/** Why there can be no folder: nothing where there is one, or nothing yet. */
export function folderProblem(path: string): string | undefined {
  try {
    return statSync(path).isDirectory() ? undefined : `${resolve(path)} is not one`
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    return code === 'ENOENT' ? undefined : message
  }
}

export function isRange(text: string): boolean {
  return ipaddr.IPv6.isValidCIDR(text) || ipaddr.IPv4.isValidCIDRFourPartDecimal(text)
}

export function parseUrl(text: string): URL | null {
  return URL.canParse(text) ? new URL(text) : null
}

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

export function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text)
    return true
  } catch {
    return false
  }
}

/** An address as a mail has it (RFC 5322 §3.4), of which nothing has to be quoted. */
export function readSender(text: string): Sender | undefined {
  const [, name = '', bracketed, bare] = SENDER.exec(text) ?? []
  const address = bracketed ?? bare
  return address === undefined ? undefined : { name: name.trim(), address }
}

const SENDER = /^(?:([^\p{C}"<>@,;:\\]*)<([^\s<>@,;:]+@[^\s<>@,;:]+)>|([^\s<>@,;:]+@[^\s<>@,;:]+))$/u

/** Of the query, which the library would take for options that weaken the connection, nothing is taken. */
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

export function isReadableFolder(path: string): boolean {
  try {
    return readdirSync(path).length >= 0
  } catch {
    return false
  }
}

export function isCertificate(path: string): boolean {
  try {
    return new X509Certificate(readFileSync(path)).subject !== ''
  } catch {
    return false
  }
}
