import { test } from 'tap'
import { page, STYLE } from '../../src/page.ts'

test('a page has a title that is text, a style, and what it is given', (t) => {
  const html = page('A <b> & "c"', '<p>One</p>')
  t.match(html, /^<!doctype html>\n<html lang="en">/)
  t.match(html, '<title>A &lt;b&gt; &amp; &quot;c&quot;</title>')
  t.match(html, `<style>${STYLE}</style>`)
  t.match(html, '<main>\n<p>One</p>\n    </main>')
  t.match(html, '<meta name="robots" content="noindex">')
  t.notMatch(html, /<script|\bsrc=|@import|url\(| on\w+=/)
  t.end()
})

test('a page may be wide', (t) => {
  t.match(page('Mail', '<p>One</p>', { wide: true }), '<main class="wide">\n<p>One</p>')
  t.end()
})
