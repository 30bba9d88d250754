import { test } from 'tap'
import { renderPage } from '../../../../src/pages/layout.ts'
import { handOverView } from '../../../../src/pages/views/hand-over.ts'
import { pageContext, textOf } from '../../../helpers/page.ts'

test('the page that leads to a frontend has a link beside the refresh', async (t) => {
  const page = pageContext()
  const view = handOverView(page, 'https://app.example.com/?a=1&b=2')
  t.equal(textOf(view.content), 'You are signed in Continue')
  const text = renderPage(page, view)
  t.match(text, '<meta http-equiv="refresh" content="0; url=https://app.example.com/?a=1&amp;b=2">')
  t.match(text, '<a class="button" href="https://app.example.com/?a=1&amp;b=2">Continue</a>')
})
