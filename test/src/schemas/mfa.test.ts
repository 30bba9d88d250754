import { test } from 'tap'
import { Mfa, MfaChange, NewTotp, RecoveryCodes, TotpConfirmation } from '../../../src/schemas/mfa.ts'
import { validator } from '../../helpers/schemas.ts'

test('a second step is required or not', (t) => {
  const faultsOf = validator(MfaChange)
  const table: [body: unknown, faults: string[]][] = [
    [{ required: true }, []],
    [{ required: false }, []],
    [{}, ['/required is required']],
    [{ required: 'true' }, ['/required must be boolean']],
    [{ required: true, codes: [] }, ['/codes is not a known key']]
  ]
  for (const [body, faults] of table) t.strictSame(faultsOf(body), faults, JSON.stringify(body))
  t.end()
})

test('a code is six ASCII digits', (t) => {
  const faultsOf = validator(TotpConfirmation)
  t.strictSame(faultsOf({ totp: '012345' }), [])
  for (const totp of ['12345', '1234567', '123 456', '１２３４５６', '123456\n', '٠١٢٣٤٥', 123456, null]) {
    t.equal(faultsOf({ totp }).length, 1, JSON.stringify(totp))
  }
  t.end()
})

test('answers show factors, a secret and recovery codes', (t) => {
  const codes = Array.from({ length: 10 }, (_, index) => `4v7wn-q2k9${index}`)
  const factors = { required: true, totp: null, passkeys: 1, recovery_codes: 10 }
  t.strictSame(validator(Mfa)(factors), [])
  t.strictSame(validator(Mfa)({ ...factors, totp: { created_at: '2026-01-31T12:00:00.000Z' }, codes }), [])
  t.equal(validator(Mfa)({ ...factors, totp: { created_at: '2026-01-31T12:00:00.000Z', blocked: true } }).length, 1)
  t.strictSame(validator(NewTotp)({ secret: 'GEZDGNBV', uri: 'otpauth://totp/x', expires_in: 600 }), [])
  t.strictSame(validator(RecoveryCodes)({ codes }), [])
  t.equal(validator(RecoveryCodes)({ codes: codes.slice(1) }).length, 1)
  t.end()
})
