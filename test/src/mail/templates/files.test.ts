import { realpathSync } from 'node:fs'
import { test } from 'tap'
import { findTemplateFiles } from '../../../../src/mail/templates/files.ts'

test('the files of the service are found by language', async (t) => {
  const problems = new Set<string>()
  const { languages, ours, theirs } = findTemplateFiles(undefined, problems)
  t.strictSame(languages, ['ar', 'de'])
  t.match(ours('en', 'reset-password.txt'), { name: 'reset-password.txt', content: /^Subject: Choose a new password/ })
  t.match(ours('de', 'reset-password.txt'), { name: 'de/reset-password.txt', content: /^Subject: Wählen Sie/ })
  t.equal(ours('fr', 'reset-password.txt'), undefined)
  t.equal(theirs('en', 'reset-password.txt'), undefined)
  t.strictSame([...problems], [])
})

test('the files of the operator are apart from them, and add languages', async (t) => {
  const folder = realpathSync(
    t.testdir({
      'reset-password.txt': 'one\r\ntwo\r\n',
      fr: { 'layout.html': 'fr' },
      de: t.fixture('symlink', 'fr'),
      'README.md': '',
      '..data': {}
    })
  )
  const problems = new Set<string>()
  const { languages, theirs } = findTemplateFiles(folder, problems)
  t.strictSame(languages, ['ar', 'de', 'fr'])
  t.strictSame(theirs('en', 'reset-password.txt'), {
    name: 'reset-password.txt',
    path: `${folder}/reset-password.txt`,
    content: 'one\ntwo\n'
  })
  t.match(theirs('fr', 'layout.html'), { name: 'fr/layout.html', path: `${folder}/fr/layout.html` })
  t.match(theirs('de', 'layout.html'), { content: 'fr' }, 'also through a link')
  t.strictSame([...problems], [])
})

test('a folder that is not called by a language is a problem', async (t) => {
  const folder = realpathSync(t.testdir({ en: {}, 'pt-br': {}, 'old letters': {}, de: {} }))
  const problems = new Set<string>()
  t.strictSame(findTemplateFiles(folder, problems).languages, ['ar', 'de'])
  t.strictSame([...problems].sort(), [
    `${folder}/en: the templates in English belong in ${folder}`,
    `${folder}/old letters must have the tag of a language as its name, such as pt-BR`,
    `${folder}/pt-br must have the tag of a language as its name, such as pt-BR`
  ])
})
