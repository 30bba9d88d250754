import { readdirSync, readFileSync } from 'node:fs'
import { type Test, test } from 'tap'
import { compare, type Language, readTexts } from '../../../src/pages/texts.ts'

type Files = Record<string, string>

function read(t: Test, files: Record<string, Files>) {
  const faults: string[] = []
  const contents = Object.entries(files).map(([tag, texts]) => [`texts.${tag}.json`, JSON.stringify(texts)])
  return { choose: readTexts(t.testdir(Object.fromEntries(contents)), faults), faults }
}

function languageOf(accepted: string): Language {
  const faults: string[] = []
  const language = readTexts(undefined, faults)(accepted)
  return language
}

const folder = new URL('../../../pages/', import.meta.url)
const textsOf = (file: string): Files => JSON.parse(readFileSync(new URL(file, folder), 'utf8'))
const english = textsOf('texts.en.json')
const placeholdersOf = (text = '') => [...new Set(text.match(/\{\w+\}/g))].sort()

const translations = readdirSync(folder).filter((file) => /^texts\.(?!en\.)/.test(file))

test('there are translations', (t) => {
  t.strictSame(translations, ['texts.ar.json', 'texts.de.json'])
  t.end()
})

for (const file of translations) {
  test(`${file} has the texts of English, in their order and with their placeholders`, (t) => {
    const texts = textsOf(file)
    t.strictSame(Object.keys(texts), Object.keys(english))
    for (const [key, text] of Object.entries(english)) {
      t.strictSame(placeholdersOf(texts[key]), placeholdersOf(text), key)
      t.equal(texts[key], texts[key]?.trim(), key)
    }
    t.strictSame(compare(english, texts), [])
    t.end()
  })
}

/** The sources in which texts are named. */
const sources = ['src/pages', 'plugins/pages', 'routes/pages']
  .map((room) => new URL(`../../../${room}/`, import.meta.url))
  .flatMap((room) =>
    readdirSync(room, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .map((file) => readFileSync(new URL(file, room), 'utf8'))
  )
  .concat(readFileSync(new URL('../../../routes/federation.ts', import.meta.url), 'utf8'))
  .join('')

test('each text is used', (t) => {
  // Pages name what was done without the word before it.
  const nameOf = (key: string) => key.replace(/^done\./, '')
  t.strictSame(
    Object.keys(english).filter(
      (key) => !sources.includes(`'${nameOf(key)}'`) && !sources.includes(`?done=${nameOf(key)}'`)
    ),
    []
  )
  t.end()
})

const chosen: [accepted: string | undefined, tag: string][] = [
  [undefined, 'en'],
  ['', 'en'],
  ['*', 'en'],
  ['de', 'de'],
  ['de-CH, en;q=0.5', 'de'],
  ['en-GB, de;q=0.9', 'en'],
  ['en;q=0.1, ar;q=0.2', 'ar'],
  ['tlh', 'en'],
  ['tlh, de;q=0.1', 'de'],
  ['de;q=0', 'en'],
  ['de;q=x,,;', 'en']
]

test('a language is chosen by Accept-Language, or is English', (t) => {
  const choose = readTexts(undefined, [])
  for (const [accepted, tag] of chosen) t.equal(choose(accepted).tag, tag, String(accepted))
  t.end()
})

test('a folder replaces texts and adds languages; a variant falls back to its language', (t) => {
  const { choose, faults } = read(t, {
    en: { or: 'or else' },
    de: { email: 'E-Mail' },
    'de-AT': { username: 'Benutzer' },
    fr: { or: 'ou' }
  })
  t.strictSame(faults, [])
  const texts = (accepted: string) =>
    (['or', 'email', 'username', 'back'] as const).map((key) => choose(accepted).text(key))
  t.strictSame(texts('en'), ['or else', english.email, english.username, english.back])
  t.strictSame(texts('fr'), ['ou', english.email, english.username, english.back])
  const german = textsOf('texts.de.json')
  t.strictSame(texts('de'), [german.or, 'E-Mail', german.username, german.back])
  t.strictSame(texts('de-AT'), [german.or, 'E-Mail', 'Benutzer', german.back])
  t.strictSame([choose('de-at').tag, choose('de-LI').tag], ['de-AT', 'de'])
  t.end()
})

test('tells whether there is a text of a name', (t) => {
  const { has } = languageOf('de')
  t.strictSame([has('or'), has('nor'), has('constructor')], [true, false, false])
  t.end()
})

test('a value cannot reorder the text around it', (t) => {
  const title = (tag: string, name: string) => languageOf(tag).text('passkeys.delete.title', { name })
  const rows: [name: string, shown: string][] = [
    ['Café', 'Delete the passkey “Café”?'],
    ['\u202eenohP', 'Delete the passkey “enohP”?'],
    ['a\u2069\u2067\u202bb\u2066c', 'Delete the passkey “abc”?'],
    ['\u05de\u05e4\u05ea\u05d7', 'Delete the passkey “\u2068\u05de\u05e4\u05ea\u05d7\u2069”?']
  ]
  for (const [name, shown] of rows) t.equal(title('en', name), shown)
  t.match(title('ar', 'a\u2069\u202eb'), '\u2068ab\u2069')
  t.end()
})

test('placeholders are filled in; in a language from right to left, each value keeps its own direction', (t) => {
  const text = (accepted: string) => languageOf(accepted).text('confirm.text', { email: 'a@b.example' })
  t.match(text('en'), 'makes a@b.example the address')
  t.match(text('ar'), '\u2068a@b.example\u2069')
  t.equal(languageOf('en').text('back', {}), 'Back to {service}')
  t.equal(languageOf('en').text('back', { service: '{min} $& $1' }), 'Back to {min} $& $1')
  t.strictSame(
    [languageOf('en').direction, languageOf('de').direction, languageOf('ar').direction],
    ['ltr', 'ltr', 'rtl']
  )
  t.end()
})

test('days are written as in the region of a language; English is British without one', (t) => {
  const { choose } = read(t, { 'en-US': {}, 'de-AT': {} })
  const written = ['en', 'en-US', 'de', 'de-AT'].map((tag) => choose(tag).date(new Date('2026-01-03T00:00:00Z')))
  t.strictSame(written, ['3 January 2026', 'January 3, 2026', '3. Januar 2026', '3. Jänner 2026'])
  t.end()
})

test('times are written in words', (t) => {
  const { ago, date, later } = languageOf('en')
  const now = Date.parse('2026-06-03T23:59:59Z')
  t.equal(date(new Date(now)), '3 June 2026')
  const before = (seconds: number) => ago(new Date(now - seconds * 1000), now)
  t.strictSame([-5, 0, 59, 60, 3599, 3600, 86_400, 2 * 86_400, 2_592_000, 31_536_000].map(before), [
    'now',
    'now',
    'now',
    '1 minute ago',
    '59 minutes ago',
    '1 hour ago',
    'yesterday',
    '2 days ago',
    'last month',
    'last year'
  ])
  t.strictSame([0, 1, 59.5, 60, 61, 3600, 7300, 86_400].map(later), [
    'in 0 seconds',
    'in 1 second',
    'in 60 seconds',
    'in 1 minute',
    'in 2 minutes',
    'in 1 hour',
    'in 3 hours',
    'in 1 day'
  ])
  t.equal(languageOf('de').date(new Date(now)), '3. Juni 2026')
  t.equal(languageOf('de').ago(new Date(now - 172_800_000), now), 'vorgestern')
  t.end()
})

const refused: [what: string, files: Record<string, string>, faults: string[]][] = [
  ['no tag of a language', { 'texts.d_e.json': '{}' }, ['texts.d_e.json: "d_e" is not the tag of a language']],
  ['no JSON', { 'texts.de.json': '{' }, ['texts.de.json must be a JSON object of texts']],
  ['no object', { 'texts.de.json': '[]' }, ['texts.de.json must be a JSON object of texts']],
  ['null', { 'texts.de.json': 'null' }, ['texts.de.json must be a JSON object of texts']],
  ['other values', { 'texts.de.json': '{"or": 1}' }, ['texts.de.json must be a JSON object of texts']],
  [
    'one language twice',
    { 'texts.de-AT.json': '{}', 'texts.de-at.json': '{}' },
    ['texts.de-at.json is of a language that another file has']
  ],
  [
    'texts that do not fit',
    {
      'texts.de.json': JSON.stringify({ ore: 'x', or: ' ', back: '{services}', email: '{email}', constructor: 'x' }),
      'texts.fr.json': '{'
    },
    [
      'texts.fr.json must be a JSON object of texts',
      'texts.de.json: unknown text "ore"',
      'texts.de.json: "or" is empty',
      'texts.de.json: "back" has an unknown placeholder {services}; known: {service}',
      'texts.de.json: "email" has an unknown placeholder {email}',
      'texts.de.json: unknown text "constructor"'
    ]
  ]
]

for (const [what, files, expected] of refused) {
  test(`a fault: ${what}`, (t) => {
    const faults: string[] = []
    readTexts(t.testdir(files), faults)
    t.strictSame(faults, expected)
    t.end()
  })
}

test('a file may begin with a byte order mark, and other files are left alone', (t) => {
  const faults: string[] = []
  const choose = readTexts(t.testdir({ 'texts.fr.json': '\uFEFF{"or": "ou"}', 'style.css': '' }), faults)
  t.strictSame([choose('fr').text('or'), faults], ['ou', []])
  t.end()
})
