import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Asset } from './assets.ts'
import { html } from './html.ts'

/** The console as it was built: a page and the files that it loads. */
export interface ConsoleFiles {
  page: string
  script: Asset
  sheet: Asset
}

/** Where the build puts the console: beside src/ in the build, and in the build if the sources run. */
const FOLDERS: readonly [string, ...string[]] = ['../../console/', '../../dist/console/']

/** The folder of the console that was built. There is none if the first is returned and does not exist. */
export function consoleFolder(folders = FOLDERS): string {
  const toPath = (folder: string) => fileURLToPath(new URL(folder, import.meta.url))
  return folders.map(toPath).find((folder) => existsSync(folder)) ?? toPath(folders[0])
}

/**
 * Reads the console.
 *
 * @param folder has `console.js` and `console.css`
 * @param pages whether the service has pages to sign in on
 * @returns undefined if it was not built
 */
export function readConsole(folder: string, pages: 'on' | 'off'): ConsoleFiles | undefined {
  const [js, css] = [join(folder, 'console.js'), join(folder, 'console.css')]
  if (!existsSync(js) || !existsSync(css)) return undefined
  const script = hashed(readFileSync(js), 'js', 'text/javascript; charset=utf-8')
  const sheet = hashed(readFileSync(css), 'css', 'text/css; charset=utf-8')
  return { page: writePage(script.path, sheet.path, pages), script, sheet }
}

/** A file whose name changes with its content. */
function hashed(content: Buffer, extension: string, type: string): Asset {
  const name = createHash('sha256').update(content).digest('base64url').slice(0, 22)
  return { path: `console/${name}.${extension}`, type, content }
}

/** All addresses are relative, since the service may be below a path. */
const writePage = (script: string, sheet: string, pages: string) =>
  String(html`<!doctype html>
<html lang="en" data-pages="${pages}">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>Latchkey console</title>
    <link rel="icon" href="data:,">
    <link rel="stylesheet" href="${sheet}">
    <script type="module" src="${script}"></script>
  </head>
  <body>
    <noscript>The console needs JavaScript. Without it, use the command latchkey.</noscript>
  </body>
</html>
`)
