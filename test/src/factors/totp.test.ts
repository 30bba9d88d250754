import { randomBytes } from 'node:crypto'
import { TOTP, URI } from 'otpauth'
import { test } from 'tap'
import { base32 } from '../../../src/factors/base32.ts'
import { matchingStep, otpauthUri, STEP_SECONDS, totp } from '../../../src/factors/totp.ts'

test('codes are those of RFC 6238, appendix B', (t) => {
  // The vectors have eight digits, of which these are the last six.
  const vectors: [seconds: number, code: string][] = [
    [59, '287082'],
    [1111111109, '081804'],
    [1111111111, '050471'],
    [1234567890, '005924'],
    [2000000000, '279037'],
    [20000000000, '353130']
  ]
  const secret = Buffer.from('12345678901234567890')
  for (const [seconds, code] of vectors) t.equal(totp(secret, Math.floor(seconds / STEP_SECONDS)), code, `${seconds} s`)
  t.end()
})

test('a code matches at its step and one before and after it, once', (t) => {
  const secret = randomBytes(20)
  const step = 59_000_000
  const rows: [what: string, codeOf: number, lastStep: number | null, matching: number | undefined][] = [
    ['the present step', step, null, step],
    ['the one before', step - 1, null, step - 1],
    ['the one after', step + 1, null, step + 1],
    ['two before', step - 2, null, undefined],
    ['two after', step + 2, null, undefined],
    ['after an earlier one was used', step, step - 1, step],
    ['when it was used', step, step, undefined],
    ['when a later one was used', step - 1, step, undefined]
  ]
  for (const [what, codeOf, lastStep, matching] of rows) {
    t.equal(matchingStep(totp(secret, codeOf), { secret, step, lastStep }), matching, what)
  }
  t.end()
})

test('no other text is a code', (t) => {
  const secret = randomBytes(20)
  const code = totp(secret, 1)
  const fullWidth = [...code].map((digit) => String.fromCharCode(digit.charCodeAt(0) + 0xfee0)).join('')
  const arabic = [...code].map((digit) => String.fromCharCode(digit.charCodeAt(0) + 0x630)).join('')
  for (const text of [
    '',
    '0',
    ` ${code}`,
    `${code}\n`,
    `${code}0`,
    code.slice(1),
    fullWidth,
    arabic,
    '-12345',
    '1e+003'
  ]) {
    t.equal(matchingStep(text, { secret, step: 1, lastStep: null }), undefined, JSON.stringify(text))
  }
  t.equal(matchingStep(code, { secret, step: 1, lastStep: null }), 1)
  t.end()
})

test('an authenticator app makes the same codes of the URI', (t) => {
  const labels = [
    { issuer: 'Example', account: 'ada' },
    { issuer: 'Ada & Söhne: 100 %', account: 'ada+a:b@example.com' }
  ]
  for (const label of labels) {
    const secret = randomBytes(20)
    const app = URI.parse(otpauthUri(base32(secret), label)) as TOTP
    t.type(app, TOTP)
    t.match(app, { issuer: label.issuer, label: label.account, algorithm: 'SHA1', digits: 6, period: 30 })
    for (const timestamp of [0, 59_000, 1_800_000_000_000]) {
      t.equal(
        app.generate({ timestamp }),
        totp(secret, Math.floor(timestamp / 30_000)),
        `${label.issuer}, ${timestamp}`
      )
    }
  }
  t.equal(
    otpauthUri(base32(Buffer.from('12345678901234567890')), { issuer: 'My Service', account: 'a:b' }),
    'otpauth://totp/My%20Service:a%3Ab?issuer=My%20Service&secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'
  )
  t.end()
})
