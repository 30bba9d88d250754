import { test } from 'tap'
import { Html, html } from '../../../src/pages/html.ts'

test('text in HTML shows itself and does nothing else', (t) => {
  t.equal(
    String(html`${`<a href="x" title='y'>R&D &amp; more</a>`}`),
    '&lt;a href=&quot;x&quot; title=&#39;y&#39;&gt;R&amp;D &amp;amp; more&lt;/a&gt;'
  )
  t.equal(String(html`${'ada@example.com'}`), 'ada@example.com')
  t.end()
})

test('a template escapes every value that is no HTML', (t) => {
  const evil = '"><script>'
  const escaped = '&quot;&gt;&lt;script&gt;'
  t.equal(String(html`<p title="${evil}">${html`<b>${evil}</b>`}</p>`), `<p title="${escaped}"><b>${escaped}</b></p>`)
  t.equal(String(html`${[html`<i>`, evil, [evil]]}`), `<i>${escaped}${escaped}`)
  t.equal(String(html`${undefined}${false}${''}.`), '.')
  t.equal(String(html`<p>`), '<p>')
  t.ok(html`` instanceof Html)
  t.end()
})
