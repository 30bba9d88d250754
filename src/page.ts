import { escapeHtml } from './html.ts'

/** The style of our own pages; the policy of each names its hash. */
export const STYLE = `
:root { color-scheme: light dark; --back: #f4f4f1; --card: #fff; --line: #e3e3de; --ink: #1d1f21; --pale: #5c6166; --key: #1f5f4c; --on-key: #fff; --bad: #a32a1f; }
@media (prefers-color-scheme: dark) {
  :root { --back: #141617; --card: #1d2022; --line: #2f3336; --ink: #e6e7e4; --pale: #a3a9ad; --key: #7fcfb4; --on-key: #10201a; --bad: #f0958b; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--ink); font: 16px/1.6 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
main { max-width: 520px; margin: 0 auto; padding: 48px 16px; }
main.wide { max-width: 760px; }
.service { margin: 0 4px 16px; font-size: 15px; font-weight: 600; color: var(--pale); }
.card { margin-bottom: 16px; padding: 36px 40px 32px; background: var(--card); border: 1px solid var(--line); border-radius: 12px; overflow-wrap: anywhere; }
h1 { margin: 0 0 16px; font-size: 22px; line-height: 1.3; letter-spacing: -0.01em; }
h2 { margin: 0 0 4px; font-size: 17px; line-height: 1.4; }
p { margin: 0 0 16px; }
.card > :last-child { margin-bottom: 0; }
.pale { font-size: 14px; line-height: 1.5; color: var(--pale); }
a { color: var(--key); }
label { display: block; margin-bottom: 16px; font-weight: 600; }
input { display: block; width: 100%; margin-top: 6px; padding: 11px 12px; border: 1px solid var(--pale); border-radius: 8px; background: var(--back); color: inherit; font: inherit; font-weight: 400; }
button { padding: 12px 22px; border: 0; border-radius: 8px; background: var(--key); color: var(--on-key); font: inherit; font-weight: 600; cursor: pointer; }
a:focus-visible, input:focus-visible, button:focus-visible { outline: 3px solid var(--key); outline-offset: 2px; }
.fault { padding: 10px 14px; border-left: 3px solid var(--bad); color: var(--bad); }
pre { margin: 16px 0; white-space: pre-wrap; font: 14px/1.55 ui-monospace, "SF Mono", Menlo, Consolas, monospace; }
@media (max-width: 480px) {
  main { padding: 20px 12px; }
  .card { padding: 28px 22px 24px; }
}
`

/**
 * A page of our own.
 *
 * @param title any text
 * @param content HTML
 * @param wide for what is read rather than filled in
 */
export function page(title: string, content: string, { wide = false } = {}): string {
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="robots" content="noindex">
    <title>${escapeHtml(title)}</title>
    <link rel="icon" href="data:,">
    <style>${STYLE}</style>
  </head>
  <body>
    <main${wide ? ' class="wide"' : ''}>
${content}
    </main>
  </body>
</html>
`
}
