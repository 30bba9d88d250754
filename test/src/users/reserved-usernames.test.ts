import { test } from 'tap'
import { isUsernameReserved } from '../../../src/users/reserved-usernames.ts'

test('a username is reserved in any letter case, but not as a part of another', (t) => {
  const config = { RESERVED_USERNAMES: ['admin', 'no-reply'] }
  for (const name of ['admin', 'ADMIN', 'No-Reply']) t.equal(isUsernameReserved(config, name), true, name)
  for (const name of ['admin2', 'ad.min', undefined]) t.equal(isUsernameReserved(config, name), false)
  t.equal(isUsernameReserved({ RESERVED_USERNAMES: [] }, 'admin'), false)
  t.end()
})
