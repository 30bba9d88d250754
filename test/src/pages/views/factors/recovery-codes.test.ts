import { test } from 'tap'
import { html } from '../../../../../src/pages/html.ts'
import { newCodesView, recoveryCodesView } from '../../../../../src/pages/views/factors/recovery-codes.ts'
import { pageContext, textOf } from '../../../../helpers/page.ts'

const PAGE = pageContext({}, { path: '/pages/account/recovery-codes' })

test('the number that is left is shown if it is known, and old codes are mentioned if there are some', async (t) => {
  const show = (left?: number) =>
    textOf(recoveryCodesView(PAGE, { hasFactor: true, ...(left !== undefined && { left }) }).content)
  t.match(show(3), /Left: 3 of 10 The codes that you have stop working when you make new ones\. Make new codes$/)
  t.match(show(0), /once\. Left: 0 of 10 Make new codes$/)
  t.match(show(), /once\. The codes that you have stop working when you make new ones\. Make new codes$/)
})

test('there is no form without a factor, and a fault above it', async (t) => {
  t.notMatch(String(recoveryCodesView(PAGE, { hasFactor: false }).content), '<form')
  const errors = { summary: 'Busy.', fields: {} }
  t.match(
    String(recoveryCodesView(PAGE, { hasFactor: true, errors }).content),
    '<p class="fault" role="alert">Busy.</p>'
  )
})

test('new codes are a list', async (t) => {
  const { content } = newCodesView(PAGE, ['aaaaa-bbbbb', '<c>'], html`<i>done</i>`)
  t.match(String(content), '<i>done</i><div class="card"><h1>Your recovery codes</h1>')
  t.match(String(content), '<ul class="codes">\n<li>aaaaa-bbbbb</li>\n<li>&lt;c&gt;</li>\n</ul>')
  t.match(String(content), '<a class="button" href="../../pages/account">I have saved them</a>')
  t.match(String(newCodesView(PAGE, []).content), /^<div class="card">/)
})
