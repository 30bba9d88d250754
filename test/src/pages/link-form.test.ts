import { test } from 'tap'
import { Problem } from '../../../src/errors.ts'
import { askingForm } from '../../../src/pages/form.ts'
import { type Html, html } from '../../../src/pages/html.ts'
import {
  type FormLink,
  type LinkForm,
  renderExpired,
  renderIncomplete,
  renderLinkForm,
  renderMessage,
  renderRefusal
} from '../../../src/pages/link-form.ts'

const TOKEN = 'x'.repeat(43)
const LINK: FormLink = { names: { username: 'ada', email: null }, email: 'new@example.com' }
const FORM: LinkForm<FormLink> = {
  name: 'step',
  title: 'One more',
  intro: ({ email }) => html`<p>For ${email}.</p>`,
  fields: [{ name: 'pass', label: 'Password', called: 'the password', type: 'password', autocomplete: 'new-password' }],
  button: 'Go on'
}

/** The text of a fragment. */
const textOf = (fragment: Html) =>
  String(fragment)
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()

test('the form of a link', async (t) => {
  t.equal(textOf(renderLinkForm(FORM, LINK, { token: TOKEN })), 'One more For new@example.com. Password Go on')
  t.equal(textOf(renderLinkForm(FORM, undefined, { token: TOKEN })), 'One more Password Go on')
  const plain: LinkForm<FormLink> = { name: 'step', title: 'One more', intro: FORM.intro, button: 'Go on' }
  const beside = { intro: html`<h2>Or</h2>`, form: { action: 'other', fields: [], button: 'Leave it' } }
  const both = renderLinkForm({ ...plain, beside }, LINK, { token: TOKEN })
  t.equal(textOf(both), 'One more For new@example.com. Go on Or Leave it')
  t.equal(String(both).split(TOKEN).length - 1, 2, 'each form has the token')
})

test('a password manager is told the account', async (t) => {
  const accounts: [names: FormLink['names'], account: string][] = [
    [{ username: 'ada', email: 'ada@example.com' }, 'ada'],
    [{ username: null, email: 'ada@example.com' }, 'ada@example.com'],
    [{ username: null, email: null }, 'new@example.com']
  ]
  for (const [names, account] of accounts) {
    t.match(String(renderLinkForm(FORM, { ...LINK, names }, { token: TOKEN })), `value="${account}" readonly>`)
  }
})

test('a refusal shows the form again where another try can help', async (t) => {
  const busy = new Problem('DATABASE_UNAVAILABLE', { headers: { 'retry-after': '5' } })
  const taken = new Problem('ACCOUNT_EXISTS')
  const cases: [values: Record<string, unknown>, problem: Problem, again: boolean][] = [
    [{ token: TOKEN }, busy, true],
    [{}, busy, false],
    [{ token: TOKEN }, taken, false],
    [{ token: TOKEN }, new Problem('ACCOUNT_EXISTS', { errors: [{ path: '/pass', message: 'is taken' }] }), true]
  ]
  for (const [values, problem, again] of cases) {
    t.equal(String(renderRefusal(FORM, LINK, values, problem)).includes('<form'), again, problem.code)
  }
  const without: LinkForm<FormLink> = { name: 'step', title: 'One more', intro: FORM.intro, button: 'Go on' }
  t.match(textOf(renderRefusal(without, LINK, { token: TOKEN }, busy)), /^One more For .* The service is busy/)
})

test('messages in place of a form', async (t) => {
  t.equal(textOf(renderMessage({ title: 'There', text: 'That is all.' })), 'There That is all.')
  const form = askingForm('again', 'Ask')
  t.match(
    textOf(renderExpired({ text: 'Ask again.', form })),
    /^This link has expired .* Ask again\. Email address Ask$/
  )
  t.match(textOf(renderIncomplete({ text: 'Sign in.' })), /^This link is incomplete .* Sign in\.$/)
})
