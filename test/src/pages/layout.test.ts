import { test } from 'tap'
import { html } from '../../../src/pages/html.ts'
import { link, renderPage, say } from '../../../src/pages/layout.ts'
import { pageContext } from '../../helpers/page.ts'

const PAGE = { ...pageContext(), service: { name: 'R&D', url: undefined } }
const VIEW = { title: 'A <b> & "c"', content: html`<p>One</p>` }

test('a page has a title, the name of the service, the sheet and its content', async (t) => {
  t.equal(
    renderPage(PAGE, VIEW),
    `<!doctype html>
<html lang="en" dir="ltr">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="robots" content="noindex">
    <title>A &lt;b&gt; &amp; &quot;c&quot; - R&amp;D</title>
    <link rel="icon" href="data:,">
    <link rel="stylesheet" href="../${PAGE.assets.sheet.path}">
  </head>
  <body>
    <header class="service"><span>R&amp;D</span></header>
    <main>
<p>One</p>
    </main>
  </body>
</html>
`
  )
})

test('a page may lead back to the service, in its language', async (t) => {
  const service = { name: 'R&D', url: 'https://example.com/?"' }
  t.match(
    renderPage({ ...PAGE, service }, VIEW),
    '</main>\n    <footer class="back"><a href="https://example.com/?&quot;">Back to R&amp;D</a></footer>\n  </body>'
  )
})

test('a page may be wide', async (t) => {
  const service = { name: 'x', url: 'https://example.com' }
  const text = renderPage({ ...PAGE, service }, { ...VIEW, wide: true })
  t.match(text, '<header class="service wide">')
  t.match(text, '<main class="wide">\n<p>One</p>')
  t.match(text, '<footer class="back wide">')
})

test('the title of a page that reports an error begins with it', async (t) => {
  t.match(renderPage(PAGE, { ...VIEW, title: 'Sign in', failed: true }), '<title>Error: Sign in - R&amp;D</title>')
})

test('a page may have links, and the script for passkeys', async (t) => {
  const text = renderPage(PAGE, { ...VIEW, links: [html`<a href="x">X</a>`, html`<a href="y">Y</a>`], script: true })
  t.match(text, '<p>One</p>\n<p class="links"><a href="x">X</a><a href="y">Y</a></p>\n    </main>')
  t.match(text, `    <script type="module" src="../${PAGE.assets.script.path}"></script>\n  </head>`)
})

test('a page may lead on at once', async (t) => {
  t.match(
    renderPage(PAGE, { ...VIEW, goTo: 'https://app.example.com/?a=1&b="' }),
    '<meta http-equiv="refresh" content="0; url=https://app.example.com/?a=1&amp;b=&quot;">\n    <title>'
  )
})

test("an operator's sheet follows ours, and a logo stands before the name", async (t) => {
  const asset = (path: string) => ({ path, type: 'x', content: Buffer.from('') })
  const assets = { ...PAGE.assets, ownSheet: asset('pages/assets/own.css'), logo: asset('pages/logo') }
  const text = renderPage({ ...PAGE, assets }, VIEW)
  t.match(text, `${PAGE.assets.sheet.path}">\n    <link rel="stylesheet" href="../pages/assets/own.css">\n  </head>`)
  t.match(text, '<header class="service"><img src="../pages/logo" alt=""><span>R&amp;D</span></header>')
})

test('texts are in the language of the page, and links relative to it', async (t) => {
  const language = { ...PAGE.language, tag: 'ar', direction: 'rtl', text: (key: string) => `<${key}>` } as const
  t.equal(say({ ...PAGE, language }, 'or'), '<or>')
  t.match(renderPage({ ...PAGE, language }, VIEW), '<html lang="ar" dir="rtl">')
  t.equal(link(pageContext({}, { path: '/pages/email/verify/reject' }), 'pages/login'), '../../../pages/login')
  t.equal(link(pageContext({}, { path: '/pages' }), 'pages/login'), 'pages/login')
})
