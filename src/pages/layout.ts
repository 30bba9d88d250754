import type { Service } from '../config/service.ts'
import { type Html, html } from './html.ts'

/** The style of all pages. Their Content-Security-Policy contains its hash. */
export const STYLE = html`
:root { color-scheme: light dark; --back: #f4f4f1; --card: #fff; --line: #e3e3de; --edge: #7b8187; --ink: #1d1f21; --pale: #5c6166; --key: #1f5f4c; --on-key: #fff; --bad: #a32a1f; }
@media (prefers-color-scheme: dark) {
  :root { --back: #141617; --card: #1d2022; --line: #2f3336; --edge: #868d93; --ink: #e6e7e4; --pale: #a3a9ad; --key: #7fcfb4; --on-key: #10201a; --bad: #f0958b; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--ink); font: 16px/1.6 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
body > * { max-width: 520px; margin: 0 auto; padding: 0 16px; }
body > .wide { max-width: 760px; }
main { padding-bottom: 48px; }
.service { padding: 48px 20px 16px; font-size: 15px; font-weight: 600; color: var(--pale); overflow-wrap: anywhere; }
.back { padding: 0 20px 48px; font-size: 15px; }
main:has(+ .back) { padding-bottom: 8px; }
.card { margin-bottom: 16px; padding: 36px 40px 32px; background: var(--card); border: 1px solid var(--line); border-radius: 12px; overflow-wrap: anywhere; }
h1 { margin: 0 0 16px; font-size: 22px; line-height: 1.3; letter-spacing: -0.01em; }
h2 { margin: 0 0 4px; font-size: 17px; line-height: 1.4; }
p { margin: 0 0 16px; }
.card > :last-child { margin-bottom: 0; }
.pale { font-size: 14px; line-height: 1.5; color: var(--pale); }
a { color: var(--key); }
.field { margin-bottom: 20px; }
label { display: block; font-weight: 600; }
input { display: block; width: 100%; margin-top: 6px; padding: 11px 12px; border: 1px solid var(--edge); border-radius: 8px; background: var(--back); color: inherit; font: inherit; font-weight: 400; }
input[aria-invalid] { border: 2px solid var(--bad); padding: 10px 11px; }
[hidden] { display: none; }
button { padding: 12px 22px; border: 1px solid var(--key); border-radius: 8px; background: var(--key); color: var(--on-key); font: inherit; font-weight: 600; cursor: pointer; }
button.quiet { background: transparent; color: var(--key); }
a:focus-visible, input:focus-visible, button:focus-visible { outline: 3px solid var(--key); outline-offset: 2px; }
.fault { padding: 10px 14px; border-left: 3px solid var(--bad); color: var(--bad); }
.wrong { margin: 6px 0 0; font-size: 15px; line-height: 1.45; color: var(--bad); }
pre { margin: 16px 0; white-space: pre-wrap; font: 14px/1.55 ui-monospace, "SF Mono", Menlo, Consolas, monospace; }
@media (max-width: 480px) {
  body > * { padding: 0 12px; }
  .service { padding: 20px 16px 12px; }
  .back { padding: 0 16px 24px; }
  .card { padding: 28px 22px 24px; }
}
`

export interface PageOptions {
  /** For a page of text rather than a form. */
  wide?: boolean
  /** Whether the page reports an error: its title then begins with "Error", which a screen reader reads first. */
  failed?: boolean
}

/**
 * Renders a page with the name of the service and, if its URL is configured, a link back to it.
 *
 * @param title text, not HTML
 * @returns the HTML document
 */
export function page(
  service: Service,
  title: string,
  content: Html,
  { wide = false, failed = false }: PageOptions = {}
): string {
  const { name, url } = service
  const width = wide ? ' wide' : ''
  const back =
    url !== undefined && html`\n    <footer class="back${width}"><a href="${url}">Back to ${name}</a></footer>`
  return String(html`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="robots" content="noindex">
    <title>${failed && 'Error: '}${title} - ${name}</title>
    <link rel="icon" href="data:,">
    <style>${STYLE}</style>
  </head>
  <body>
    <header class="service${width}">${name}</header>
    <main${wide && html` class="wide"`}>
${content}
    </main>${back}
  </body>
</html>
`)
}
