import { test } from 'tap'
import type { Proof } from '../../../../src/errors.ts'
import { type StepUpPage, stepUpImpossibleView, stepUpView } from '../../../../src/pages/views/step-up.ts'
import { pageContext, textOf } from '../../../helpers/page.ts'

const PAGE = pageContext({}, { path: '/pages/step-up' })
const ERRORS = { summary: 'Check it.', fields: { password: 'Wrong.', totp: 'Wrong.', recovery_code: 'Wrong.' } }

function render(factors: Proof[], more: Partial<StepUpPage> = {}) {
  const challenge = { factors, expires_in: 300, public_key: { challenge: 'c' } }
  const view = stepUpView(PAGE, { challenge, account: 'ada', returnTo: '/pages/account', ...more })
  return { ...view, content: String(view.content) }
}

test('a form for each factor, the password first', async (t) => {
  const actions = (factors: Proof[]) =>
    [...render(factors).content.matchAll(/name="(password|totp|recovery_code|credential)"/g)].map(([, name]) => name)
  t.strictSame(actions(['totp', 'recovery_code', 'passkey', 'password']), [
    'password',
    'totp',
    'credential',
    'recovery_code'
  ])
  t.strictSame(actions(['password']), ['password'])
  t.strictSame(actions([]), [])
  t.match(textOf(render([]).content), /There is no way to confirm it in this session\..* Sign out$/)
  const providers = [{ id: 'test', label: 'Test' }]
  const elsewhere = render([], { providers }).content
  t.match(textOf(elsewhere), /prove once more who you are\. Sign in with Test$/)
  t.match(elsewhere, '<input type="hidden" name="provider" value="test">')
  t.match(elsewhere, '<input type="hidden" name="return_to" value="/pages/account">')
  t.notMatch(render(['password'], { providers }).content, 'name="provider"')
  t.equal(render(['passkey']).script, true)
  t.equal(render(['password', 'totp']).script, true, 'which also keeps the form out of the history')
})

test('forms are set apart, those of passkeys only if the script shows them', async (t) => {
  const or = (factors: Proof[]) => render(factors).content.match(/<div class="or"[^>]*>/g)
  t.strictSame(or(['password', 'totp']), ['<div class="or">'])
  t.strictSame(or(['password', 'passkey']), ['<div class="or" data-with-passkey hidden>'])
  t.strictSame(or(['password', 'recovery_code']), null)
  t.strictSame(or(['totp']), null)
})

test('errors are in the form that was sent, or above all', async (t) => {
  const factors: Proof[] = ['totp', 'recovery_code', 'password']
  const described = (tried?: StepUpPage['tried'], of = factors) => {
    const { content } = render(of, { errors: ERRORS, tried })
    return [...content.matchAll(/id="(\w+)-fault"/g)].map(([, name]) => name)
  }
  t.strictSame(described('password'), ['password'])
  t.strictSame(described('totp'), ['totp'])
  t.strictSame(described('recovery_code'), ['recovery_code'])
  t.strictSame(described(), [])
  t.strictSame(described('password', ['totp']), [])
  for (const tried of [undefined, 'totp'] as const) {
    t.equal(render(factors, { errors: ERRORS, tried }).content.match(/role="alert">Check it\./g)?.length, 1)
  }
  t.match(render(factors, { errors: ERRORS }).content, '</p>\n<p class="fault" role="alert">Check it.</p>\n<form')
})

test('only a page that can be loaded again renews its challenge', async (t) => {
  t.match(render(['passkey'], { renew: true }).content, ' data-renew>')
  t.notMatch(render(['passkey']).content, 'data-renew')
})

test('a session may have no way on', async (t) => {
  t.match(textOf(stepUpImpossibleView(PAGE).content), /^Confirm that it is you There is no way .* Sign out$/)
  t.equal(textOf(stepUpImpossibleView(PAGE, 'Busy.').content), 'Confirm that it is you Busy.')
})
