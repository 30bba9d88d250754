import { test } from 'tap'
import { requirementView } from '../../../../../src/pages/views/factors/requirement.ts'
import { pageContext, textOf } from '../../../../helpers/page.ts'

const PAGE = pageContext({}, { path: '/pages/account/mfa' })
const ERRORS = { summary: 'Busy.', fields: {} }

test('the form turns a second step on or off', async (t) => {
  const show = (required: boolean | undefined, more = {}) =>
    String(requirementView(PAGE, { required, hasFactor: true, ...more }).content)
  t.match(show(false), '<input type="hidden" name="required" value="true">')
  t.match(show(false), 'Ask for a second step</button>')
  t.match(show(true), '<input type="hidden" name="required" value="false">')
  t.match(show(true), '<button class="danger">Turn the second step off</button>')
  t.match(show(true, { errors: ERRORS }), '<p class="fault" role="alert">Busy.</p>')
})

test('nothing is said about it if it is not known, and there is no form without a factor', async (t) => {
  t.equal(
    textOf(requirementView(PAGE, { required: undefined, hasFactor: true, errors: ERRORS }).content),
    'Second step Busy.'
  )
  t.equal(textOf(requirementView(PAGE, { required: undefined, hasFactor: true }).content), 'Second step')
  t.match(textOf(requirementView(PAGE, { required: false, hasFactor: false }).content), /^Second step Set up /)
})
