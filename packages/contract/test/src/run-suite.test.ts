import { Readable } from 'node:stream'
import { pathToFileURL } from 'node:url'
import { test } from 'tap'
import { checkContract } from '../../src/check-contract.ts'
import type { Expectation } from '../../src/report.ts'
import { readTap } from '../../src/run-suite.ts'
import { ownService } from './own-service.ts'
import { serve } from './serve.ts'

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

test('what fails is told as briefly as it goes', async (t) => {
  const long = `-  "${'x'.repeat(200)}"`
  const tap = `TAP version 14
# Subtest: The heart
    not ok 1 - without a diagnosis
    not ok 2 - at length
      ---
      diff: |
        ${long}
      ...
    ok 3 - some day # TODO
    1..3
not ok 1 - The heart
1..1
`
  t.match((await read(tap)).told, [
    { title: 'The heart', state: 'fails', details: ['without a diagnosis', /^at length: - "x{157}…$/] }
  ])
  const skipped = tap.replaceAll('not ok', 'ok').replace(/ {6}---.*\.\.\.\n/s, '')
  t.match((await read(skipped)).told, [{ title: 'The heart', state: 'not checked', details: ['some day'] }])
})

test('429 is not a failure of the contract, but of how it was asked', async (t) => {
  const { told, limited } = await read(TAP.replace('"status": 201', '"status": 429'))
  t.equal(limited, true)
  t.equal(told.length, 1)
})

/** A test file in the words of tap, which takes a second to load. */
const tapFile = `import { test } from 'tap'
test('All', async (t) => {
  const answer = await fetch(new URL('/secret', process.env.CONTRACT_URL))
  await t.test('one', async (t) => t.equal(answer.status, 401))
})`

/** A test file that has its lines ready. */
const saying = (tap: string) => `console.log(${JSON.stringify(tap)})`

const FAILING = `TAP version 14
# Subtest: All
    # Subtest: one
        not ok 1 - 200 in place of 401
        1..1
    not ok 1 - one
    1..1
not ok 1 - All
1..1
`

test('every file is run against the URL, and one that cannot be is a failure', async (t) => {
  const url = await ownService(t)
  const suite = pathToFileURL(
    `${t.testdir({
      'tokens.test.ts': tapFile,
      'other.test.ts': 'throw new Error()',
      'accounts.test.ts': saying(FAILING),
      'helper.ts': ''
    })}/`
  )
  const { scope, kept, counts, sections } = await checkContract(url.origin, { suite })
  t.strictSame([scope, kept, counts], ['whole', false, { holds: 1, differs: 0, fails: 2, 'not checked': 1 }])
  t.match(sections, [
    { title: 'The heart', expectations: [{ title: 'one', state: 'fails' }] },
    { title: 'Access tokens', expectations: [{ title: 'one', state: 'holds' }] },
    { title: 'Limits', expectations: [{ state: 'not checked' }] },
    { title: 'other', expectations: [{ title: 'other.test.ts', state: 'fails', details: [/^the file did not run/] }] }
  ])
})

test('a service that limits requests ends the suite', async (t) => {
  const url = await serve(t, (_request, response) => response.writeHead(401).end())
  const limited = saying(TAP.replace('"status": 201', '"status": 429'))
  const suite = pathToFileURL(`${t.testdir({ 'tokens.test.ts': limited })}/`)
  await t.rejects(checkContract(url.origin, { suite }), { message: /LIMITS=off/ })
})
