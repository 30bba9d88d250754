import { test } from 'tap'
import { isReserved } from '../../src/reserved-usernames.ts'

test('a username is reserved in any letter case, and as a whole', (t) => {
  const config = { RESERVED_USERNAMES: ['admin', 'no-reply'] }
  for (const name of ['admin', 'ADMIN', 'No-Reply']) t.equal(isReserved(config, name), true, name)
  for (const name of ['admin2', 'ad.min', undefined]) t.equal(isReserved(config, name), false)
  t.equal(isReserved({ RESERVED_USERNAMES: [] }, 'admin'), false)
  t.end()
})
