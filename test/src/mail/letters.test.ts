import { readdirSync } from 'node:fs'
import { test } from 'tap'
import { LETTERS, LINKS } from '../../../src/mail/letters.ts'

test('each file of letters/ is in the list, under the name of its templates', (t) => {
  const files = readdirSync(new URL('../../../src/mail/letters/', import.meta.url))
  const others = ['addressee.ts', 'index.ts', 'letter.ts']
  t.strictSame(
    LETTERS.map(({ template }) => `${template}.ts`).sort(),
    files.filter((file) => !others.includes(file)).sort()
  )
  t.end()
})

test('each link has a purpose and a page of its own, but for that of an invitation, which resets the password', (t) => {
  const links = LETTERS.flatMap(({ kind, link }) => (link && kind !== 'invitation' ? [link] : []))
  t.strictSame(Object.values(LINKS), links)
  t.equal(new Set(links.map(({ page }) => page)).size, links.length)
  t.strictSame(LINKS['reset password'].page, '/password/reset')
  const invitation = LETTERS.find(({ kind }) => kind === 'invitation')
  t.strictSame(invitation?.link, { ...LINKS['reset password'], lifetime: 604_800 })
  t.end()
})
