import { readdirSync } from 'node:fs'
import { type Test, test } from 'tap'
import type { Draft } from '../../../src/mail/compose.ts'
import { LETTERS } from '../../../src/mail/letters.ts'
import { readTemplates, TemplateError } from '../../../src/mail/templates.ts'

const context = {
  service: 'Example',
  linkTo: (page: string, token: string) => `https://app.example.com${page}#token=${token}`
}

const RESET: Draft = {
  template: 'reset-password',
  recipient: 'ada@example.com',
  variables: { name: 'ada', expires_in: '30 minutes' },
  token: 'abc'
}

/** A draft of every letter, with one text in all variables. */
function drafts(text: string): Draft[] {
  return LETTERS.map(({ template, variables, link }) => ({
    template,
    recipient: text,
    variables: Object.fromEntries([...variables, ...(link ? ['expires_in'] : [])].map((name) => [name, text])),
    ...(link && { token: 'abc' })
  }))
}

/** A folder of an operator's own, with these files. */
const folder = (t: Test, files: Record<string, string>) => t.testdir(files)

test('a message has a subject, a text and HTML, without placeholders', async (t) => {
  const { html, ...rest } = readTemplates(undefined, context)(RESET)
  const link = 'https://app.example.com/password/reset#token=abc'
  t.strictSame(rest, {
    recipient: 'ada@example.com',
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

test('every letter has two files in mail/, and there are no others but the layout', (t) => {
  const files = LETTERS.flatMap(({ template }) => [`${template}.html`, `${template}.txt`])
  t.strictSame(readdirSync(new URL('../../../mail/', import.meta.url)).sort(), [...files, 'layout.html'].sort())
  t.end()
})

test('no message has a placeholder left, loads anything or runs anything', async (t) => {
  const render = readTemplates(undefined, context)
  for (const draft of drafts('ada@example.com')) {
    await t.test(draft.template, async (t) => {
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
  const render = readTemplates(undefined, { ...context, service: '<b>E</b>' })
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
  const render = readTemplates(undefined, context)
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
  const { subject, text, html } = readTemplates(own, context)(RESET)
  t.equal(subject, 'Passwort')
  t.equal(text, 'Hallo ada: https://app.example.com/password/reset#token=abc\n')
  t.match(html, /^<body class="own"><h1>Choose a new password<\/h1>/)
})

test('the problems of all files are listed before any message is rendered', async (t) => {
  const own = folder(t, {
    'layout.html': '<body>{{ title }}</body>',
    'password-changed.txt': 'The password was changed.\n',
    'verify-email.txt': 'Subject: Hello {{name}}\n\nPlease confirm.\n',
    'verify-email.html': '<a href="{{link}}">{{#if name}}{{name}}{{/if}}</a>'
  })
  try {
    readTemplates(own, context)
    t.fail('it was accepted')
  } catch (error) {
    t.ok(error instanceof TemplateError)
    const known = '{{service}}, {{recipient}}, {{link}}, {{expires_in}}'
    t.strictSame((error as Error).message.split('\n'), [
      'The mail templates are invalid:',
      `  - ${own}/layout.html has an unknown placeholder {{title}}: known are {{content}}, {{subject}}, {{service}}, {{recipient}}`,
      '  - password-changed.txt must begin with a line "Subject: …" and an empty line, followed by the text',
      `  - ${own}/verify-email.html has an unknown placeholder {{#if name}}: known are ${known}`,
      `  - ${own}/verify-email.html has an unknown placeholder {{name}}: known are ${known}`,
      `  - ${own}/verify-email.html has an unknown placeholder {{/if}}: known are ${known}`,
      `  - ${own}/verify-email.txt has an unknown placeholder {{name}}: known are ${known}`,
      '  - verify-email.txt has no {{link}}',
      '  - layout.html has no {{content}}'
    ])
  }
})
