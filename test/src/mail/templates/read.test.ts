import { readdirSync } from 'node:fs'
import { type Test, test } from 'tap'
import { SECURITY_EVENTS } from '../../../../src/mail/letters/security-notice.ts'
import { LETTERS } from '../../../../src/mail/letters.ts'
import { readTranslations, TemplateError } from '../../../../src/mail/templates/read.ts'

const FILES = LETTERS.flatMap(({ template }) => [`${template}.html`, `${template}.txt`])

/** The translation of a folder in a language. */
function read(folder: string | undefined, tag: string) {
  const found = readTranslations(folder).find(({ language }) => language.tag === tag)
  if (!found) throw new Error(`no ${tag}`)
  return found
}

/** The problems of a folder. */
function problemsOf(t: Test, folder: string): string[] {
  try {
    readTranslations(folder)
  } catch (error) {
    t.ok(error instanceof TemplateError)
    return (error as Error).message.split('\n')
  }
  return []
}

test('every letter has two files in each language, and there are no others but the layout and the texts', async (t) => {
  const root = new URL('../../../../mail/', import.meta.url)
  t.strictSame(readdirSync(root).sort(), [...FILES, 'layout.html', 'texts.json', 'ar', 'de'].sort())
  for (const tag of ['ar', 'de']) {
    t.strictSame(readdirSync(new URL(tag, root)).sort(), [...FILES, 'texts.json'].sort(), tag)
  }
})

test('every language has all texts', async (t) => {
  for (const { language, texts, footer } of readTranslations(undefined)) {
    t.strictSame([...texts.keys()], ['footer', ...SECURITY_EVENTS], language.tag)
    t.equal(footer, texts.get('footer'))
    for (const gap of ['{{service}}', '{{recipient}}']) t.match(footer, gap)
    t.match(String(texts.get('recovery code used')), '{{left}}')
  }
})

test('files and texts in a language of the operator come before ours', async (t) => {
  const own = t.testdir({
    de: {
      'reset-password.txt': 'Subject: Neues Passwort\n\n{{link}}\n',
      'layout.html': '<body lang="{{lang}}">{{content}}</body>',
      'texts.json': '{"app added": "Neue App"}'
    }
  })
  const german = read(own, 'de')
  t.match(german.templates.get('reset-password'), { subject: 'Neues Passwort', html: /^<h1>Wählen Sie/ })
  t.equal(german.layout, '<body lang="{{lang}}">{{content}}</body>')
  t.equal(german.texts.get('app added'), 'Neue App')
  t.equal(german.texts.get('app removed'), 'Die Authenticator-App wurde entfernt')
  t.match(read(own, 'ar').layout, /^<!doctype html>/)
})

test('what the operator has replaced in English alone is not replaced by our translation of something else', async (t) => {
  const own = t.testdir({
    'reset-password.txt': 'Subject: Our words\n\n{{link}}\n',
    'password-changed.html': '<p>Our words</p>',
    'layout.html': '<body>Our look: {{content}}</body>',
    'texts.json': '{"footer": "Our address.", "app added": "Our words"}',
    de: {
      'password-changed.txt': 'Subject: Unsere Worte\n\nGeändert\n',
      'password-changed.html': '<p>Unsere Worte</p>'
    }
  })
  const german = read(own, 'de')
  t.equal(german.templates.has('reset-password'), false)
  t.match(german.templates.get('password-changed'), { subject: 'Unsere Worte' })
  t.match(german.templates.get('verify-email'), { subject: /^Bestätigen Sie/ })
  t.equal(german.layout, '<body>Our look: {{content}}</body>')
  t.equal(german.footer, 'Our address.')
  t.strictSame([german.texts.has('app added'), german.texts.has('app removed')], [false, true])
  const english = read(own, 'en')
  t.match(english.templates.get('reset-password'), { subject: 'Our words' })
  t.strictSame([english.footer, english.texts.get('app added')], ['Our address.', 'Our words'])
})

test('the problems of all files are listed', async (t) => {
  const own = t.testdir({
    'layout.html': '<body>{{ title }}</body>',
    'password-changed.txt': 'The password was changed.\n',
    'verify-email.txt': 'Subject: Hello {{name}}\n\nPlease confirm.\n',
    'verify-email.html': '<a href="{{link}}">{{#if name}}{{name}}{{/if}}</a>'
  })
  const known = '{{service}}, {{recipient}}, {{link}}, {{expires_in}}'
  const layout = '{{content}}, {{subject}}, {{service}}, {{recipient}}, {{footer}}, {{lang}}, {{dir}}'
  t.strictSame(problemsOf(t, own), [
    'The mail templates are invalid:',
    `  - ${own}/layout.html has an unknown placeholder {{title}}: known are ${layout}`,
    '  - layout.html has no {{content}}',
    '  - password-changed.txt must begin with a line "Subject: …" and an empty line, followed by the text',
    `  - ${own}/verify-email.html has an unknown placeholder {{#if name}}: known are ${known}`,
    `  - ${own}/verify-email.html has an unknown placeholder {{name}}: known are ${known}`,
    `  - ${own}/verify-email.html has an unknown placeholder {{/if}}: known are ${known}`,
    `  - ${own}/verify-email.txt has an unknown placeholder {{name}}: known are ${known}`,
    '  - verify-email.txt has no {{link}}'
  ])
})

test('the problems of languages are listed', async (t) => {
  const own = t.testdir({
    'texts.json': '["a list"]',
    en: {},
    es: { 'texts.json': '{"footer": 1}' },
    fr: {
      'layout.html': '<p></p>',
      'reset-password.txt': 'Subject: Mot de passe\n\nBonjour {{nom}}\n',
      'verify-email.html': '<p>{{link}}</p>',
      'texts.json': JSON.stringify({
        footer: '{{service}}, {{link}}',
        'app added': ' ',
        'app removed': '{{name}}',
        'app lost': 'Perdue'
      })
    },
    de: { 'reset-password.txt': 'Subject: Neues Passwort\n\nHallo {{name}}\n' },
    it: { 'texts.json': '{' }
  })
  t.strictSame(problemsOf(t, own), [
    'The mail templates are invalid:',
    `  - ${own}/en: the templates in English belong in ${own}`,
    `  - ${own}/texts.json must be a JSON object of texts`,
    '  - de/reset-password.txt has no {{link}}',
    `  - ${own}/es/texts.json must be a JSON object of texts`,
    `  - ${own}/fr/texts.json: "footer" has an unknown placeholder {{link}}: known are {{service}}, {{recipient}}`,
    `  - ${own}/fr/texts.json has an empty text "app added"`,
    `  - ${own}/fr/texts.json: "app removed" has an unknown placeholder {{name}}: known are none`,
    `  - ${own}/fr/texts.json has an unknown text "app lost"`,
    '  - fr/layout.html has no {{content}}',
    `  - ${own}/fr/reset-password.txt needs both reset-password.txt and reset-password.html`,
    `  - ${own}/fr/verify-email.html needs both verify-email.txt and verify-email.html`,
    `  - ${own}/it/texts.json must be a JSON object of texts`
  ])
})
