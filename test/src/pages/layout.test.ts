import { test } from 'tap'
import { html } from '../../../src/pages/html.ts'
import { page, STYLE } from '../../../src/pages/layout.ts'

const SERVICE = { name: 'R&D', url: undefined }

test('a page has a title that is text, the name of the service, a style, and what it is given', (t) => {
  const text = page(SERVICE, 'A <b> & "c"', html`<p>One</p>`)
  t.match(text, /^<!doctype html>\n<html lang="en">/)
  t.match(text, '<title>A &lt;b&gt; &amp; &quot;c&quot; - R&amp;D</title>')
  t.match(text, `<style>${STYLE}</style>`)
  t.match(text, '<header class="service">R&amp;D</header>')
  t.match(text, '<main>\n<p>One</p>\n    </main>\n  </body>')
  t.match(text, '<meta name="robots" content="noindex">')
  t.notMatch(text, /<script|\bsrc=|@import|url\(| on\w+=/)
  t.end()
})

test('a page leads back to where that is known', (t) => {
  const text = page({ name: 'R&D', url: 'https://example.com/?"' }, 'One', html``)
  t.match(
    text,
    '</main>\n    <footer class="back"><a href="https://example.com/?&quot;">Back to R&amp;D</a></footer>\n  </body>'
  )
  t.end()
})

test('a page may be wide', (t) => {
  const text = page({ name: 'x', url: 'https://example.com' }, 'Mail', html`<p>One</p>`, { wide: true })
  t.match(text, '<header class="service wide">')
  t.match(text, '<main class="wide">\n<p>One</p>')
  t.match(text, '<footer class="back wide">')
  t.end()
})

test('the title of a page that tells of a fault says so first', (t) => {
  t.match(page(SERVICE, 'Sign in', html``, { failed: true }), '<title>Error: Sign in - R&amp;D</title>')
  t.end()
})
