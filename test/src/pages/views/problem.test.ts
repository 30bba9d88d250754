import { test } from 'tap'
import { Problem } from '../../../../src/errors.ts'
import { problemView } from '../../../../src/pages/views/problem.ts'
import { pageContext } from '../../../helpers/page.ts'

test('a problem in place of a page is read aloud at once', async (t) => {
  const page = pageContext()
  const rows: [view: ReturnType<typeof problemView>, text: string][] = [
    [problemView(page, 'account.export', new Problem('NOT_FOUND')), 'It is not there any more.'],
    [problemView(page, 'account.export', new Problem('INTERNAL'), 'passkeys.gone'), 'This passkey was deleted already.']
  ]
  for (const [{ title, content, ...others }, text] of rows) {
    t.equal(title, 'Download your data')
    t.equal(
      String(content),
      `<div class="card"><h1>Download your data</h1>\n<p class="fault" role="alert">${text}</p></div>`
    )
    t.strictSame(others, {})
  }
})
