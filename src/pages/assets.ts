import { isUtf8 } from 'node:buffer'
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** A file that pages load. */
export interface Asset {
  /** The path from the root of the service. */
  path: string
  /** The media type. */
  type: string
  content: Buffer
}

/** The files of the pages. */
export interface Assets {
  sheet: Asset
  /** The operator's sheet, which follows ours. */
  ownSheet: Asset | undefined
  logo: Asset | undefined
  /** The module for passkeys. */
  script: Asset
}

/** The files of the service, beside src/ in the sources and in the build. */
const OURS = fileURLToPath(new URL('../../pages/', import.meta.url))

const TYPES = {
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
  png: 'image/png'
}

/** Files of PAGES_FOLDER are invalid: the message lists every file and fault. */
export class PagesFolderError extends Error {
  override readonly name = 'PagesFolderError'

  constructor(faults: string[]) {
    super(`The files of PAGES_FOLDER are invalid:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`)
  }
}

/** The files that PAGES_FOLDER may have. */
const OWN_FILES = /^(?:style\.css|logo\.svg|logo\.png|texts\.[\w-]+\.json)$/

const MAX_BYTES = 100_000

/**
 * Reads the files of the pages.
 *
 * @param folder of the operator: may have `style.css`, and `logo.svg` or `logo.png`
 * @param faults what is wrong with those of the operator is added to it
 */
export function readAssets(folder: string | undefined, faults: string[]): Assets {
  const names = folder === undefined ? [] : readdirSync(folder)
  // Those that begin with a dot belong to tools, or to Kubernetes (..data).
  const unknown = names.filter((name) => !name.startsWith('.') && !OWN_FILES.test(name))
  faults.push(
    ...unknown.map((name) => `${name} is unknown: known are style.css, logo.svg, logo.png and texts.<language>.json`)
  )

  function own(name: string, describe: (content: Buffer) => string | undefined): Buffer | undefined {
    if (!names.includes(name)) return undefined
    const content = readBytes(join(String(folder), name))
    const fault = content ? (describeSize(content) ?? describe(content)) : 'cannot be read'
    if (fault !== undefined) faults.push(`${name} ${fault}`)
    return content
  }

  const css = own('style.css', describeSheet)
  const svg = own('logo.svg', describeSvg)
  const png = own('logo.png', describePng)
  if (svg && png) faults.push('logo.svg and logo.png: there can be only one logo')
  return {
    sheet: hashed(readFileSync(`${OURS}style.css`), 'css'),
    ownSheet: css && hashed(css, 'css'),
    logo: svg ? logo(svg, 'svg') : png && logo(png, 'png'),
    script: hashed(readFileSync(`${OURS}passkeys.js`), 'js')
  }
}

/** Undefined if it is not a readable file. */
function readBytes(path: string): Buffer | undefined {
  try {
    return readFileSync(path)
  } catch {
    return undefined
  }
}

const describeSize = ({ byteLength }: Buffer): string | undefined =>
  byteLength > MAX_BYTES ? 'has more than 100 KB' : undefined

/** What a sheet loads, but for images in the sheet itself: the policy of the pages blocks the rest. */
const LOADED = /@import\b|url\((?!\s*["']?(?:data:image\/|#))/i

function describeSheet(content: Buffer): string | undefined {
  if (!isUtf8(content)) return 'must be UTF-8'
  const sheet = content.toString().replaceAll(/\/\*.*?\*\//gs, '')
  return LOADED.test(sheet) ? 'loads a file: only images in data: URLs are possible' : undefined
}

const SVG =
  /^\uFEFF?(?:\s+|<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^>[]*>)*<svg\s[^>]*\bxmlns=["']http:\/\/www\.w3\.org\/2000\/svg["']/s

function describeSvg(content: Buffer): string | undefined {
  const isSvg = isUtf8(content) && SVG.test(content.toString())
  return isSvg ? undefined : 'must be an SVG image, with its xmlns, in UTF-8'
}

const PNG = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1')

const describePng = (content: Buffer): string | undefined =>
  content.subarray(0, PNG.length).equals(PNG) ? undefined : 'must be a PNG image'

/** A file whose name changes with its content, and which may therefore be cached for ever. */
function hashed(content: Buffer, extension: 'css' | 'js'): Asset {
  const name = createHash('sha256').update(content).digest('base64url').slice(0, 22)
  return { path: `pages/assets/${name}.${extension}`, type: TYPES[extension], content }
}

const logo = (content: Buffer, extension: 'svg' | 'png'): Asset => ({
  path: 'pages/logo',
  type: TYPES[extension],
  content
})
