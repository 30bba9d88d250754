import { test } from 'tap'
import { SHARED } from '../../../src/schemas/shared.ts'

test('each shared schema has a name of its own, and refuses unknown keys', (t) => {
  t.strictSame(
    SHARED.map(({ $id }) => $id),
    [
      ...['AdminKey', 'AdminUser', 'NewServiceKey', 'ServiceKey', 'ListedUser'],
      ...['User', 'Tokens', 'Session', 'TokenState', 'PublicKey'],
      ...['Mfa', 'NewTotp', 'RecoveryCodes', 'Passkey', 'Problem']
    ]
  )
  for (const { $id, additionalProperties } of SHARED) t.equal(additionalProperties, false, String($id))
  t.end()
})
