import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
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

/**
 * Reads the files of the pages.
 *
 * @param folder of the operator: may have `style.css`, and `logo.svg` or `logo.png`
 */
export function readAssets(folder: string | undefined): Assets {
  const own = (name: string) => {
    const path = folder === undefined ? undefined : join(folder, name)
    return path !== undefined && existsSync(path) ? readFileSync(path) : undefined
  }
  const [svg, png, css] = [own('logo.svg'), own('logo.png'), own('style.css')]
  return {
    sheet: hashed(readFileSync(`${OURS}style.css`), 'css'),
    ownSheet: css && hashed(css, 'css'),
    logo: svg ? logo(svg, 'svg') : png && logo(png, 'png'),
    script: hashed(readFileSync(`${OURS}passkeys.js`), 'js')
  }
}

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
