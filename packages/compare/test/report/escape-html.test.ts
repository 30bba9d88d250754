import { test } from 'tap'
import { escapeHtml } from '../../src/report/escape-html.ts'

test('text stays text in HTML', (t) => {
  t.equal(escapeHtml(`<a href="?x&y">'`), '&lt;a href=&quot;?x&amp;y&quot;&gt;&#39;')
  t.end()
})
