import { type Test, test } from 'tap'
import type { SignInPages } from '../../../plugins/pages/sign-in-pages.ts'
import { readChallenge } from '../../../plugins/pages/sign-in-pages.ts'
import { type Code, Problem } from '../../../src/errors.ts'
import { renderPage } from '../../../src/pages/layout.ts'
import { build } from '../../helpers/app.ts'
import { hiddenOf, pageContext, passkeyOptionsOf, readPage } from '../../helpers/page.ts'

const PAGE = pageContext({}, { path: '/pages/login' })
const CHALLENGE = { factors: ['totp' as const, 'recovery_code' as const], expires_in: 300 }
const SHOWN = JSON.stringify(CHALLENGE)

/** The pages of a sign-in, for forms as they were sent. */
async function start(t: Test, environment: Record<string, string> = {}) {
  const fastify = await build(t, { environment })
  const { signIn } = fastify.pages
  const visit = (body?: object) => ({ request: { body, query: {} } as never, page: PAGE })
  const read = async (view: ReturnType<SignInPages['second']> | Promise<ReturnType<SignInPages['second']>>) => {
    const body = renderPage(PAGE, await view)
    return { body, ...readPage({ statusCode: 200, body }) }
  }
  return {
    first: (body?: object, code?: Code) => read(signIn.first(visit(body), code && new Problem(code))),
    second: (body: object) => read(signIn.second(visit(body), { ...CHALLENGE, mfa_token: 'token' })),
    again: (body: object | undefined, code: Code) => read(signIn.secondAgain(visit(body), new Problem(code)))
  }
}

test('the first page', async (t) => {
  const { first } = await start(t)

  await t.test('offers passkeys by autofill until a form was sent', async (t) => {
    t.match((await first()).body, 'data-autofill')
    t.notMatch((await first({ name: 'ada' }, 'INVALID_CREDENTIALS')).body, 'data-autofill')
  })

  await t.test('marks neither field of a name and a password that do not fit together', async (t) => {
    const refused = await first({ name: 'ada', password: 'secret' }, 'INVALID_CREDENTIALS')
    t.notMatch(refused.body, /aria-invalid|secret/)
    t.match(refused.body, 'value="ada"')
  })

  await t.test('tells the browser of an unknown passkey, and of nothing else', async (t) => {
    const credential = { id: 'abc', rawId: 'abc' }
    t.match((await first({ credential }, 'PASSKEY_UNKNOWN')).body, 'data-signal="signalUnknownCredential"')
    const others: [body: object | undefined, code: Code][] = [
      [{ credential }, 'PASSKEY_INVALID'],
      [{ credential }, 'EMAIL_UNVERIFIED'],
      [{ credential: {} }, 'PASSKEY_UNKNOWN'],
      [{ credential: null }, 'PASSKEY_UNKNOWN'],
      [{ credential: { id: 5 } }, 'PASSKEY_UNKNOWN'],
      [undefined, 'PASSKEY_UNKNOWN']
    ]
    for (const [body, code] of others) t.notMatch((await first(body, code)).body, 'data-signal')
  })
})

test('where there are no passkeys, the first page offers none', async (t) => {
  const { first } = await start(t, { PUBLIC_URL: 'http://auth.example.com' })
  const page = await first({ credential: { id: 'abc' } }, 'PASSKEY_UNKNOWN')
  t.equal(passkeyOptionsOf(page), undefined)
  t.notMatch(page.body, 'data-signal')
})

test('the page of the second step carries the challenge along, and the token once', async (t) => {
  const { second } = await start(t)
  const page = await second({ return_to: '/pages/account' })
  t.equal(hiddenOf(page, 'mfa_token'), 'token')
  t.equal(hiddenOf(page, 'challenge'), SHOWN)
  t.equal(hiddenOf(page, 'return_to'), '/pages/account')
})

test('after a refusal', async (t) => {
  const { again } = await start(t)
  const step = { mfa_token: 'token', challenge: SHOWN }

  await t.test('the second step is shown again, with the fault at the form that was sent', async (t) => {
    const totp = await again({ ...step, totp: '123456' }, 'MFA_CODE_INVALID')
    t.match(totp.text, /^One more step Check what is marked below\. Code of your authenticator app This code is wrong/)
    const recovery = await again({ ...step, recovery_code: 'x' }, 'MFA_CODE_INVALID')
    t.match(recovery.text, /Recovery code This code is wrong, or was already used\. Use this code/)
    const passkey = await again({ ...step, credential: {} }, 'MFA_CODE_INVALID')
    t.match(passkey.text, /^One more step This passkey was not accepted\./)
    const busy = await again({ ...step, totp: '123456' }, 'DATABASE_UNAVAILABLE')
    t.match(busy.text, /^One more step The service is busy/)
    for (const page of [totp, recovery, passkey, busy]) {
      t.strictSame([hiddenOf(page, 'mfa_token'), hiddenOf(page, 'challenge')], ['token', SHOWN])
    }
  })

  await t.test('the first page is shown once the step is over, or where there is none', async (t) => {
    const over = await again({ ...step, totp: '123456' }, 'MFA_TOKEN_INVALID')
    t.match(over.text, /^Sign in This sign-in cannot be continued\. Sign in again\./)
    for (const body of [undefined, {}, { mfa_token: 'token' }, { challenge: SHOWN }, { ...step, challenge: '{' }]) {
      t.match((await again(body, 'VALIDATION_FAILED')).text, /^Sign in The form could not be read\./)
    }
  })
})

test('a challenge that a form carried along', async (t) => {
  t.strictSame(readChallenge(SHOWN), CHALLENGE)
  const deep = `{"factors":[],"public_key":${'['.repeat(7000)}${']'.repeat(7000)}}`
  for (const text of [undefined, '', '{', 'null', '5', '[]', '{}', '{"factors":{"length":1}}', 5, deep]) {
    t.equal(readChallenge(text), undefined, String(text).slice(0, 40))
  }
})
