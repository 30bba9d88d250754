import { type Test, test } from 'tap'
import type { Draft } from '../../../src/mail/compose.ts'
import type { Value } from '../../../src/mail/letters/letter.ts'
import { LETTERS } from '../../../src/mail/letters.ts'
import { readTemplates } from '../../../src/mail/templates.ts'

const context = {
  service: 'Example',
  linkTo: (page: string, token: string) => `https://app.example.com${page}#token=${token}`
}

const RESET: Draft = {
  template: 'reset-password',
  recipient: 'ada@example.com',
  locale: null,
  variables: { name: 'ada', expires_in: { seconds: 1800 } },
  token: 'abc'
}

/** A draft of every letter, with one text in all variables that are text. */
function drafts(text: string, locale: string | null = null): Draft[] {
  const composed = { what: { text: 'app added' }, expires_in: { seconds: 1800 } }
  return LETTERS.map(({ template, variables, link }) => ({
    template,
    recipient: text,
    locale,
    variables: Object.fromEntries(
      [...variables, ...(link ? ['expires_in'] : [])].map((name) => [
        name,
        { [name]: text, ...composed }[name] as Value
      ])
    ),
    ...(link && { token: 'abc' })
  }))
}

/** A folder of an operator's own, with these files. */
const folder = (t: Test, files: Record<string, string | Record<string, string>>) => t.testdir(files)

test('a message has a subject, a text and HTML, without placeholders', async (t) => {
  const { html, ...rest } = readTemplates(undefined, context).render(RESET)
  const link = 'https://app.example.com/password/reset#token=abc'
  t.strictSame(rest, {
    recipient: 'ada@example.com',
    language: 'en',
    subject: 'Choose a new password - Example',
    text: `Someone, probably you, requested a new password for ada at
Example.

${link}

The link works once, within 30 minutes. A new password signs you out
everywhere. If it was not you, ignore this message: your password stays
as it is.

--${' '}
Sent by Example to ada@example.com.
`
  })
  t.match(html, '<title>Choose a new password - Example</title>')
  t.match(html, `<a class="button" href="${link}"`)
  t.match(html, 'for ada at Example.')
  t.match(html, 'Sent by Example to ada@example.com.')
})

test('no message has a placeholder left, loads anything or runs anything', async (t) => {
  const { render } = readTemplates(undefined, context)
  const inAll = ['en', 'de', 'ar'].flatMap((locale) => drafts('ada@example.com', locale))
  for (const draft of inAll) {
    await t.test(`${draft.template} in ${draft.locale}`, async (t) => {
      const { subject, text, html } = render(draft)
      for (const part of [subject, text, html]) t.notMatch(part, /\{\{|\}\}|undefined|null/)
      t.notMatch(html, /<script|<img|<link|<iframe|<form|\bsrc=|@import|url\(| on\w+=/i)
      const links = [...html.matchAll(/href="([^"]*)"/g)].map(([, link]) => link)
      t.strictSame(
        new Set(links),
        new Set(draft.token ? [text.split('\n').find((line) => line.startsWith('https:'))] : [])
      )
      t.ok(text.split('\n').every((line) => line.length <= 100))
    })
  }
})

test('what replaces a placeholder stays text, whatever it is', async (t) => {
  const { render } = readTemplates(undefined, { ...context, service: '<b>E</b>' })
  const hostile = '"><script>alert(1)</script>\r\nBcc: eve@example.com\u2028\u202e{{link}} $& &lt;'
  for (const draft of drafts(hostile)) {
    await t.test(draft.template, async (t) => {
      const { recipient, subject, text, html } = render(draft)
      t.equal(recipient, hostile, 'the recipient is for the mail server to look at')
      t.notMatch(subject, /[\r\n\u2028]/)
      t.notMatch(text, /\r|\u2028|\u202e|^Bcc/m)
      t.match(text, '"><script>alert(1)</script> Bcc: eve@example.com {{link}} $& &lt;')
      t.notMatch(html, /<script|<b>|^Bcc|\u202e/m)
      t.match(
        html,
        '&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt; Bcc: eve@example.com {{link}} $&amp; &amp;lt;',
        'and has no placeholders of its own'
      )
      t.match(html, '&lt;b&gt;E&lt;/b&gt;')
    })
  }
})

test('a name that looks like a link does not become one, and the address of the reader stays as it is', (t) => {
  const { render } = readTemplates(undefined, context)
  const links = /evil\.example|@evil|http:|www\./
  for (const name of ['evil.example', 'www.evil.example', 'eve@evil.example', 'http://evil.example']) {
    for (const draft of drafts(name)) {
      const { subject, text, html } = render({ ...draft, recipient: 'ada@example.com' })
      for (const part of [subject, text, html]) t.notMatch(part, links)
      const shown = text.replaceAll('\u2060', '')
      if ('name' in draft.variables) t.match(shown, name, 'and is readable')
    }
    const { text } = render({ ...RESET, recipient: name, variables: { ...RESET.variables, name } })
    t.match(text, `for ${name} at`)
  }
  t.end()
})

test('files of the operator replace those of the service one by one', async (t) => {
  const own = folder(t, {
    'reset-password.txt': 'Subject:  Passwort  \r\n\r\nHallo {{ name }}: {{link}}\r\n',
    'layout.html': '<body class="own">{{content}}</body>'
  })
  const { subject, text, html } = readTemplates(own, context).render(RESET)
  t.equal(subject, 'Passwort')
  t.equal(text, 'Hallo ada: https://app.example.com/password/reset#token=abc\n')
  t.match(html, /^<body class="own"><h1>Choose a new password<\/h1>/)
})

test('a letter is in the language of its reader', async (t) => {
  const { render } = readTemplates(undefined, context)
  const subjects: [locale: string | null, subject: string, root: string][] = [
    [null, 'Choose a new password - Example', '<html lang="en" dir="ltr">'],
    ['en-GB', 'Choose a new password - Example', '<html lang="en" dir="ltr">'],
    ['fr', 'Choose a new password - Example', '<html lang="en" dir="ltr">'],
    ['de', 'Wählen Sie ein neues Passwort - Example', '<html lang="de" dir="ltr">'],
    ['de-AT', 'Wählen Sie ein neues Passwort - Example', '<html lang="de" dir="ltr">'],
    ['ar', 'اختيار كلمة مرور جديدة - \u2068Example\u2069', '<html lang="ar" dir="rtl">']
  ]
  for (const [locale, subject, root] of subjects) {
    const message = render({ ...RESET, locale })
    t.equal(message.subject, subject, String(locale))
    t.match(root, `lang="${message.language}"`)
    t.match(message.html, root)
  }
})

test('all of a letter is in one language', async (t) => {
  const { render } = readTemplates(undefined, context)
  const { html, ...rest } = render({
    template: 'security-notice',
    recipient: 'ada@example.com',
    locale: 'de',
    variables: { name: 'ada', what: { text: 'recovery code used', numbers: { left: 9 } } }
  })
  t.strictSame(rest, {
    recipient: 'ada@example.com',
    language: 'de',
    subject: 'Ein Wiederherstellungscode wurde verwendet, übrig: 9 - Example',
    text: `Ein Wiederherstellungscode wurde verwendet, übrig: 9.

Es geht um das Konto ada bei Example.

Wenn Sie das waren, ist nichts zu tun.

Wenn nicht, hat vielleicht jemand anderes Zugang zu Ihrem Konto: Ändern
Sie das Passwort, beenden Sie alle anderen Sitzungen, und prüfen Sie die
Authenticator-App und die Passkeys.

--${' '}
Diese E-Mail hat Example an ada@example.com geschickt.
`
  })
  t.match(html, '<td class="foot">Diese E-Mail hat Example an ada@example.com geschickt.</td>')
  t.match(render({ ...RESET, locale: 'de' }).text, 'gilt 30 Minuten lang')
})

test('what is written from left to right does not reorder a text from right to left', async (t) => {
  const { render } = readTemplates(undefined, context)
  const { text, html } = render({ ...RESET, locale: 'ar' })
  t.match(text, 'للحساب \u2068ada\u2069 في')
  t.match(text, '\n\nhttps://app.example.com/password/reset#token=abc\n\n', 'the link stays as it is')
  t.match(html, '<a class="button" href="https://app.example.com/password/reset#token=abc"')
  t.match(html, '<table role="presentation" class="message rtl" lang="ar" dir="rtl"')
})

test('what a language lacks is in English as a whole', async (t) => {
  const own = folder(t, {
    fr: {
      'reset-password.txt': 'Subject: Mot de passe\n\nPendant {{expires_in}}: {{link}}\n',
      'reset-password.html': '<p>Pendant {{expires_in}}: {{link}}</p>',
      'security-notice.txt': 'Subject: Attention: {{what}}\n\nBonjour\n',
      'security-notice.html': '<p>{{what}}</p>',
      'texts.json': JSON.stringify({ 'app added': 'Une application\na été ajoutée' })
    }
  })
  const { render, localeOf } = readTemplates(own, context)
  const notice = (text: string): Draft => {
    const variables = { name: 'ada', what: { text } }
    return { template: 'security-notice', recipient: 'ada@example.com', locale: 'fr-CA', variables }
  }
  t.equal(localeOf('fr-CA, de;q=0.5'), 'fr')
  const { subject, text, html } = render({ ...RESET, locale: 'fr' })
  t.strictSame([subject, text.split(':')[0]], ['Mot de passe', 'Pendant 30 minutes'])
  t.match(html, '<html lang="fr" dir="ltr">')
  t.match(html, 'Sent by Example to ada@example.com.')
  t.equal(render(notice('app added')).subject, 'Attention: Une application a été ajoutée')
  t.equal(render(notice('app removed')).subject, 'The authenticator app was removed - Example', 'no text of the event')
  const changed = { template: 'password-changed', recipient: 'ada@example.com', variables: { name: 'ada' } }
  t.equal(render({ ...changed, locale: 'fr' }).subject, 'Your password was changed - Example', 'no template')
})

test('the language of a request is one that it names, if there is one', async (t) => {
  const { localeOf } = readTemplates(undefined, context)
  const cases: [header: string | undefined, locale: string | null][] = [
    [undefined, null],
    ['*', null],
    ['fr, *;q=0.1', null],
    ['en-US,en;q=0.9', 'en'],
    ['fr, de-CH;q=0.7, ar;q=0.5', 'de'],
    ['ar', 'ar']
  ]
  for (const [header, locale] of cases) t.equal(localeOf(header), locale, String(header))
})
