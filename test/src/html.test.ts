import { test } from 'tap'
import { escapeHtml } from '../../src/html.ts'

test('text in HTML shows itself and does nothing else', (t) => {
  t.equal(
    escapeHtml(`<a href="x" title='y'>R&D &amp; more</a>`),
    '&lt;a href=&quot;x&quot; title=&#39;y&#39;&gt;R&amp;D &amp;amp; more&lt;/a&gt;'
  )
  t.equal(escapeHtml('ada@example.com'), 'ada@example.com')
  t.end()
})
