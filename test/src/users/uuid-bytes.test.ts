import { test } from 'tap'
import { uuidBytes, uuidOf } from '../../../src/users/uuid-bytes.ts'

test('any 16 bytes are a UUID, and back', async (t) => {
  for (const uuid of ['01890a5d-ac96-774b-bcce-b302099a8057', 'ffffffff-ffff-ffff-ffff-fffffffffff0']) {
    t.equal(uuidBytes(uuid).length, 16)
    t.equal(uuidOf(uuidBytes(uuid)), uuid)
  }
})
