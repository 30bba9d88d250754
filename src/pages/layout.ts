import type { Service } from '../config/service.ts'
import type { Assets } from './assets.ts'
import { type Html, html } from './html.ts'
import type { Language, TextKey, TextValues } from './texts.ts'

/** What a page knows of the request that it answers, and of the service. */
export interface PageContext {
  language: Language
  service: Service
  assets: Assets
  /**
   * The relative path from the page to the root of the service, such as `../`: a proxy may have the service under a path
   * of its own.
   */
  root: string
  /** Milliseconds since the epoch. */
  now: number
  /**
   * The URL of this page at which passkeys work. Set only if the browser shows it at an IP address, where there are none.
   */
  passkeysAt?: string | undefined
}

/** A text in the language of the page. */
export const say = ({ language }: PageContext, key: TextKey, values?: TextValues): string => language.text(key, values)

/** A relative URL. @param path from the root of the service */
export const link = ({ root }: PageContext, path: string): string => `${root}${path}`

/** A page, without what all pages share. */
export interface View {
  /** In the language of the page. */
  title: string
  content: Html
  /** For lists and text rather than a form. */
  wide?: boolean
  /** Whether the page reports an error: its title then begins with "Error", which a screen reader reads first. */
  failed?: boolean
  /** Links below the content. */
  links?: Html[]
  /** Whether the page loads the script: it takes passkeys, or sends a password that the history must not send again. */
  script?: boolean
  /** A URL that the browser opens at once. */
  goTo?: string
  /** Whether the window that opened the page keeps its reference to it, as an authorization in a popup needs. */
  keepsOpener?: boolean
}

/**
 * Renders a page with the name of the service and, if its URL is configured, a link back to it.
 *
 * @returns the HTML document
 */
export function renderPage(page: PageContext, view: View): string {
  const { assets, language, service } = page
  const { title, content, wide = false, failed = false, links = [], script = false, goTo } = view
  const { name, url } = service
  const width = wide ? ' wide' : ''
  const heading = failed ? say(page, 'error', { title }) : title
  const sheets = [assets.sheet, assets.ownSheet].filter((sheet) => sheet !== undefined)
  const back =
    url !== undefined &&
    html`\n    <footer class="back${width}"><a href="${url}">${say(page, 'back', { service: name })}</a></footer>`
  return String(html`<!doctype html>
<html lang="${language.tag}" dir="${language.direction}">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="robots" content="noindex">${goTo !== undefined && html`\n    <meta http-equiv="refresh" content="0; url=${goTo}">`}
    <title>${heading} - ${name}</title>
    <link rel="icon" href="data:,">
${sheets.map(({ path }) => html`    <link rel="stylesheet" href="${link(page, path)}">\n`)}${script && html`    <script type="module" src="${link(page, assets.script.path)}"></script>\n`}  </head>
  <body>
    <header class="service${width}">${assets.logo && html`<img src="${link(page, assets.logo.path)}" alt="">`}<span>${name}</span></header>
    <main${wide && html` class="wide"`}>
${content}${links.length > 0 && html`\n<p class="links">${links}</p>`}
    </main>${back}
  </body>
</html>
`)
}
