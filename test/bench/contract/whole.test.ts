import { Readable } from 'node:stream'
import { test } from 'tap'
import type { Expectation } from '../../../bench/contract/check.ts'
import { readTap } from '../../../bench/contract/whole.ts'

async function read(tap: string) {
  const told: Expectation[] = []
  const { limited } = await readTap(Readable.from([tap]), (expectation) => told.push(expectation))
  return { told, limited }
}

const TAP = `TAP version 14
# Subtest: The heart
    # Subtest: one
        ok 1 - fits
        1..1
    ok 1 - one
    # Subtest: two
        # Subtest: deep
            not ok 1 - 400 VALIDATION_FAILED
              ---
              diff: |
                --- expected
                +++ actual
                @@ -1,1 +1,1 @@
                -  "status": 400,
                +  "status": 201,
              ...
            1..1
        not ok 1 - deep
        1..1
    not ok 2 - two
    # Subtest: three
        ok 1 - later # SKIP no way to it
        1..1
    ok 3 - three
    # Subtest: four
        1..0
    ok 4 - four
    ok 5 - beside them
    1..5
not ok 1 - The heart
1..1
`

test('each subtest of a file is an expectation', async (t) => {
  t.strictSame((await read(TAP)).told, [
    { title: 'one', state: 'holds', details: [] },
    {
      title: 'two',
      state: 'fails',
      details: ['deep: 400 VALIDATION_FAILED: - "status": 400  + "status": 201']
    },
    { title: 'three', state: 'not checked', details: ['no way to it'] },
    { title: 'four', state: 'not checked', details: ['nothing was asserted'] },
    { title: 'The heart', state: 'holds', details: [] }
  ])
})

test('429 is not a failure of the contract, but of how it was asked', async (t) => {
  const { told, limited } = await read(TAP.replace('"status": 201', '"status": 429'))
  t.equal(limited, true)
  t.equal(told.length, 1)
})
