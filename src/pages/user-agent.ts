/** The program and the system of a client, as far as its User-Agent header names them (RFC 9110 §10.1.5). */
export interface Device {
  /** Such as "Firefox". */
  browser?: string
  /** Such as "Linux". */
  system?: string
}

/** A rule: the first one that matches counts. Browsers also claim to be those that they descend from. */
type Rule = [name: string, pattern: RegExp]

const BROWSERS: Rule[] = [
  ['Edge', /\bEdg(?:e|A|iOS)?\//],
  ['Opera', /\b(?:OPR|OPT|OPiOS)\//],
  ['Samsung Internet', /\bSamsungBrowser\//],
  ['Vivaldi', /\bVivaldi\//],
  ['Yandex Browser', /\bYaBrowser\//],
  ['DuckDuckGo', /\b(?:DuckDuckGo|Ddg)\//],
  ['Firefox', /\b(?:Firefox|FxiOS)\//],
  ['Chrome', /\b(?:Headless)?(?:Chrome|Chromium|CriOS)\//],
  ['Safari', /\bVersion\/\S+ (?:Mobile\/\S+ )?Safari\//]
]

/** An iPad says that it is a Mac, unless it shows the mobile version of a page. */
const SYSTEMS: Rule[] = [
  ['iPhone', /\biPhone\b/],
  ['iPad', /\biPad\b/],
  ['Android', /\bAndroid\b/],
  ['ChromeOS', /\bCrOS\b/],
  ['Windows', /\bWindows\b/],
  ['macOS', /\bMac(?:intosh| OS X)\b/],
  ['Linux', /\bLinux\b|\bX11\b/]
]

/** The first product of a program that does not claim to be a browser, such as "curl". */
const PROGRAM = /^(?!Mozilla\/)([A-Za-z][\w.-]{0,30})(?:[/ ]|$)/

/** Names the client of a User-Agent header. The versions that browsers send are reduced or frozen, and are omitted. */
export function readUserAgent(header: string | null): Device {
  const text = header ?? ''
  const browser = nameBy(BROWSERS, text) ?? PROGRAM.exec(text)?.[1]
  const system = nameBy(SYSTEMS, text)
  return { ...(browser !== undefined && { browser }), ...(system !== undefined && { system }) }
}

const nameBy = (rules: Rule[], text: string) => rules.find(([, pattern]) => pattern.test(text))?.[0]
