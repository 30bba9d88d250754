import { test } from 'tap'
import { nameOfAuthenticator } from '../../../src/factors/aaguids.ts'

test('an authenticator has the name of its kind', (t) => {
  t.equal(nameOfAuthenticator('ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4'), 'Google Password Manager')
  t.equal(nameOfAuthenticator('00000000-0000-0000-0000-000000000000'), 'Passkey')
  t.end()
})
