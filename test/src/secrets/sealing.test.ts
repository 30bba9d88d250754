import { randomBytes } from 'node:crypto'
import { test } from 'tap'
import { seal, unseal } from '../../../src/secrets/sealing.ts'

const OLD = 'the secret that was used before, long enough'
const NEW = 'the secret that is used today, long enough too'
const CONTENT = Buffer.from('what nobody is to read')

test('sealed data', async (t) => {
  const sealed = seal(CONTENT, 'a purpose', 'a name', { current: NEW, previous: OLD })

  await t.test('reveals nothing, and differs each time', async (t) => {
    t.notOk(sealed.includes(CONTENT))
    t.notSame(seal(CONTENT, 'a purpose', 'a name', { current: NEW }), sealed)
  })

  const openers: [what: string, sealed: Buffer, opened: Buffer | undefined][] = [
    ['the secret that sealed it', sealed, unseal(sealed, 'a purpose', 'a name', { current: NEW })],
    ['it as the previous one', sealed, unseal(sealed, 'a purpose', 'a name', { current: OLD, previous: NEW })]
  ]
  for (const [what, , opened] of openers) {
    await t.test(`is opened by ${what}`, async (t) => {
      t.strictSame(opened, CONTENT)
    })
  }

  const closed: [what: string, opened: Buffer | undefined][] = [
    ['another secret', unseal(sealed, 'a purpose', 'a name', { current: OLD })],
    ['two others', unseal(sealed, 'a purpose', 'a name', { current: OLD, previous: `${OLD}er` })],
    ['another purpose', unseal(sealed, 'another purpose', 'a name', { current: NEW })],
    ['another name', unseal(sealed, 'a purpose', 'another name', { current: NEW })],
    ['a byte less', unseal(sealed.subarray(0, -1), 'a purpose', 'a name', { current: NEW })],
    ['half a tag', unseal(sealed.subarray(0, 20), 'a purpose', 'a name', { current: NEW })],
    ['nothing at all', unseal(Buffer.alloc(0), 'a purpose', 'a name', { current: NEW })],
    ['chance', unseal(randomBytes(64), 'a purpose', 'a name', { current: NEW })]
  ]
  for (const [what, opened] of closed) {
    await t.test(`is not opened by ${what}`, async (t) => {
      t.equal(opened, undefined)
    })
  }

  await t.test('may be empty', async (t) => {
    const nothing = seal(Buffer.alloc(0), 'a purpose', 'a name', { current: NEW })
    t.strictSame(unseal(nothing, 'a purpose', 'a name', { current: NEW }), Buffer.alloc(0))
  })
})
