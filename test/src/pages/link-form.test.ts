import { test } from 'tap'
import { Problem } from '../../../src/errors.ts'
import type { Field } from '../../../src/pages/form.ts'
import { html } from '../../../src/pages/html.ts'
import {
  askAgain,
  type FormLink,
  type LinkForm,
  renderExpired,
  renderIncomplete,
  renderLinkForm,
  renderNote,
  renderRefusal
} from '../../../src/pages/link-form.ts'
import { pageContext, textOf } from '../../helpers/page.ts'

const PAGE = pageContext()
const TOKEN = 'x'.repeat(43)
const LINK: FormLink = { names: { username: 'ada', email: null }, email: 'new@example.com' }
const PLAIN: LinkForm<FormLink> = {
  action: 'pages/step',
  title: 'confirm.title',
  intro: (_page, { email }) => html`<p>For ${email}.</p>`,
  button: 'confirm.button'
}
const FORM: LinkForm<FormLink> = {
  ...PLAIN,
  fields: [{ name: 'pass', label: 'password', type: 'password', autocomplete: 'new-password' }]
}

test('the form of a link', async (t) => {
  const form = renderLinkForm(PAGE, FORM, LINK, { token: TOKEN })
  t.equal(textOf(form), 'Confirm your new email address For new@example.com. Password Use the new address')
  t.match(String(form), 'action="../pages/step"')
  const unknown = renderLinkForm(PAGE, FORM, undefined, { token: TOKEN })
  t.equal(textOf(unknown), 'Confirm your new email address Password Use the new address')
  const beside = {
    title: 'reject.title',
    text: 'reject.text',
    form: { action: 'pages/other', fields: [], button: 'reject.button' }
  } as const
  const both = renderLinkForm(PAGE, { ...PLAIN, beside }, LINK, { token: TOKEN })
  t.match(textOf(both), /^Confirm .* Use the new address This was not me Your address .* Take my address off it$/)
  t.equal(String(both).split(TOKEN).length - 1, 2, 'each form has the token')
})

test('the fields of a form can depend on its link', async (t) => {
  const form: LinkForm<FormLink> = { ...FORM, fields: (link) => (link ? [] : (FORM.fields as Field[])) }
  t.notMatch(textOf(renderLinkForm(PAGE, form, LINK, { token: TOKEN })), 'Password')
  t.match(textOf(renderLinkForm(PAGE, form, undefined, { token: TOKEN })), 'Password')
  const problem = new Problem('VALIDATION_FAILED', { errors: [{ path: '/pass', message: 'is required' }] })
  t.notMatch(textOf(renderRefusal(PAGE, form, LINK, { token: TOKEN }, problem)), 'Password')
  t.match(textOf(renderRefusal(PAGE, form, undefined, { token: TOKEN }, problem)), 'Password Fill this in.')
})

test('a password manager is told the account', async (t) => {
  const accounts: [names: FormLink['names'], account: string][] = [
    [{ username: 'ada', email: 'ada@example.com' }, 'ada'],
    [{ username: null, email: 'ada@example.com' }, 'ada@example.com'],
    [{ username: null, email: null }, 'new@example.com']
  ]
  for (const [names, account] of accounts) {
    t.match(String(renderLinkForm(PAGE, FORM, { ...LINK, names }, { token: TOKEN })), `value="${account}" readonly>`)
  }
})

test('a refusal shows the form again if another try can help', async (t) => {
  const busy = new Problem('DATABASE_UNAVAILABLE', { headers: { 'retry-after': '5' } })
  const taken = new Problem('ACCOUNT_EXISTS')
  const invalid = new Problem('ACCOUNT_EXISTS', { errors: [{ path: '/pass', message: 'is taken', rule: 'taken' }] })
  const cases: [values: Record<string, unknown>, problem: Problem, again: boolean][] = [
    [{ token: TOKEN }, busy, true],
    [{}, busy, false],
    [{ token: TOKEN }, taken, false],
    [{ token: TOKEN }, invalid, true]
  ]
  for (const [values, problem, again] of cases) {
    t.equal(String(renderRefusal(PAGE, FORM, LINK, values, problem)).includes('<form'), again, problem.code)
  }
  t.match(
    textOf(renderRefusal(PAGE, PLAIN, LINK, { token: TOKEN }, busy)),
    /^Confirm your new email address For .* The service is busy at the moment\. Try again in 5 seconds\./
  )
  t.equal(
    textOf(renderRefusal(PAGE, FORM, LINK, { token: TOKEN }, taken)),
    'Confirm your new email address Another account uses this address.'
  )
})

test('messages in place of a form', async (t) => {
  t.equal(
    textOf(renderNote(PAGE, { title: 'reset.done', text: 'reset.done.text' })),
    'Your password is changed You can sign in with it now.'
  )
  const form = askAgain('pages/password/forgot')
  t.match(
    textOf(renderExpired(PAGE, { text: 'reset.renewal', form })),
    /^This link has expired or was already used .* We can send you another mail .* Email address Send another mail$/
  )
  t.match(
    textOf(renderIncomplete(PAGE, { text: 'confirm.renewal' })),
    /^This link is incomplete .* To get another mail, sign in and change the address again\.$/
  )
})
