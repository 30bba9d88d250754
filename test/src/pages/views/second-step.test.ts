import { test } from 'tap'
import { html } from '../../../../src/pages/html.ts'
import { renderPage } from '../../../../src/pages/layout.ts'
import { type FactorForms, renderFactorForms, secondStepView } from '../../../../src/pages/views/second-step.ts'
import { pageContext, passkeyOptionsOf, readPage } from '../../../helpers/page.ts'

const PAGE = pageContext()
type Factors = FactorForms['challenge']['factors']

function render(factors: Factors, more: Partial<FactorForms> = {}) {
  const challenge = { factors, expires_in: 300, public_key: { challenge: 'abc' } }
  const given = { action: 'pages/login/mfa', challenge, hidden: { mfa_token: 'token' }, ...more }
  const body = renderPage(PAGE, secondStepView(PAGE, given))
  return { body, ...readPage({ statusCode: 200, body }) }
}

const APP = 'Code of your authenticator app Continue'
const RECOVERY = 'Use a recovery code instead Recovery code Use this code'

test('a second step has a form for each factor of the account', async (t) => {
  const rows: [factors: Factors, text: string, inputs: string[]][] = [
    [['totp'], APP, ['mfa_token', 'totp']],
    [['totp', 'recovery_code', 'passkey'], `${APP} ${RECOVERY}`, ['mfa_token', 'totp', 'mfa_token', 'recovery_code']],
    [['recovery_code', 'passkey'], RECOVERY, ['mfa_token', 'recovery_code']],
    [['passkey'], '', []]
  ]
  for (const [factors, text, inputs] of rows) {
    const page = render(factors)
    t.equal(page.text, `One more step ${text} Sign in as somebody else`.replace('  ', ' '), factors.join())
    t.strictSame(page.inputs, inputs, factors.join())
    const hasPasskey = factors.includes('passkey')
    t.strictSame(passkeyOptionsOf(page), hasPasskey ? { challenge: 'abc' } : undefined)
    t.match(page.body, '<script type="module"', 'which also keeps the form before out of the history')
  }
})

test('a passkey stands back behind an app, and recovery codes are folded where there is anything else', async (t) => {
  t.match(render(['totp', 'passkey']).body, '<button class="full quiet">Use a passkey</button>')
  t.match(render(['totp', 'passkey']).body, '<div class="or" data-with-passkey hidden>or</div>')
  t.match(render(['passkey']).body, '<button class="full">Use a passkey</button>')
  t.notMatch(render(['passkey']).body, 'data-with-passkey')
  t.match(render(['totp', 'recovery_code']).body, '<details><summary>')
  t.match(render(['passkey', 'recovery_code']).body, '<details><summary>')
  t.match(render(['recovery_code']).body, '<details open><summary>')
})

test('a refusal is shown at the form that was sent', async (t) => {
  const errors = { summary: 'Look.', fields: { totp: 'Wrong.', recovery_code: 'Wrong.' } }
  t.match(render(['totp', 'recovery_code'], { errors }).text, /^One more step Look\. .*app Wrong\. Continue Use a/)
  const recovery = render(['totp', 'recovery_code'], { errors, isRecovery: true })
  t.match(recovery.text, /^One more step Code .* instead Look\. Recovery code Wrong\. Use this code/)
  t.match(recovery.body, '<details open><summary>')
  t.match(render(['passkey'], { errors }).text, /^One more step Look\. Sign in/, 'without a form, above all')
})

test('whoever signs in as somebody else goes on to the same page', async (t) => {
  const hidden = { mfa_token: 'token', return_to: '/pages/account/mfa' }
  t.match(render(['totp'], { hidden }).body, '<a href="../pages/login?return_to=%2Fpages%2Faccount%2Fmfa">')
  t.match(render(['totp']).body, '<a href="../pages/login">')
})

test('the forms can stand in another page', async (t) => {
  const challenge = { factors: ['totp'], expires_in: 300 } as { factors: Factors; expires_in: number }
  const forms = renderFactorForms(PAGE, { action: 'pages/step-up', challenge, hidden: { return_to: undefined } })
  t.match(String(html`${forms}`), '<form method="post" action="../pages/step-up">')
})
