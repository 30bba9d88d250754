import { readdirSync } from 'node:fs'
import { type Test, test } from 'tap'
import { type Letter, TEMPLATES } from '../../../src/mail/letters.ts'
import { readTemplates, TemplateError } from '../../../src/mail/templates.ts'

const head = {
  service: 'Example',
  linkTo: (page: string, token: string) => `https://app.example.com${page}#token=${token}`
}

const RESET: Letter = {
  template: 'reset-password',
  recipient: 'ada@example.com',
  variables: { name: 'ada', expires_in: '30 minutes' },
  token: 'abc'
}

/** Every letter, filled with one text wherever there is a gap. */
function letters(text: string): Letter[] {
  return Object.entries(TEMPLATES).map(([template, { variables, ...rest }]) => {
    const filled = Object.fromEntries(variables.map((name) => [name, text]))
    return {
      template,
      recipient: text,
      variables: filled,
      ...('page' in rest && { token: 'abc' })
    } as unknown as Letter
  })
}

/** A folder of an operator's own, with these files. */
const folder = (t: Test, files: Record<string, string>) => t.testdir(files)

test('a letter is its text, its HTML and its subject, with all gaps filled', async (t) => {
  const { html, ...rest } = readTemplates(undefined, head)(RESET)
  const link = 'https://app.example.com/password/reset#token=abc'
  t.strictSame(rest, {
    recipient: 'ada@example.com',
    subject: 'Choose a new password - Example',
    text: `Somebody, we think it was you, asked for a new password for ada at
Example.

${link}

The link works once, for 30 minutes. A new password signs you out
everywhere. If it was not you, do nothing: your password stays as it is.

--${' '}
Sent by Example to ada@example.com.
`
  })
  t.match(html, '<title>Choose a new password - Example</title>')
  t.match(html, `<a class="button" href="${link}"`)
  t.match(html, 'for ada at Example.')
  t.match(html, 'Sent by Example to ada@example.com.')
})

test('every letter has two files in mail/, and there are no others but the frame', (t) => {
  const files = Object.keys(TEMPLATES).flatMap((name) => [`${name}.html`, `${name}.txt`])
  t.strictSame(readdirSync(new URL('../../../mail/', import.meta.url)).sort(), [...files, 'layout.html'].sort())
  t.end()
})

test('no letter has a gap left, loads anything, or runs anything', async (t) => {
  const write = readTemplates(undefined, head)
  for (const letter of letters('ada@example.com')) {
    await t.test(letter.template, async (t) => {
      const { subject, text, html } = write(letter)
      for (const part of [subject, text, html]) t.notMatch(part, /\{\{|\}\}|undefined|null/)
      t.notMatch(html, /<script|<img|<link|<iframe|<form|\bsrc=|@import|url\(| on\w+=/i)
      const links = [...html.matchAll(/href="([^"]*)"/g)].map(([, link]) => link)
      const page = 'page' in TEMPLATES[letter.template] && 'token' in letter
      t.strictSame(new Set(links), new Set(page ? [text.split('\n').find((line) => line.startsWith('https:'))] : []))
      t.ok(text.split('\n').every((line) => line.length <= 100))
    })
  }
})

test('what fills a gap stays text, whatever it is', async (t) => {
  const write = readTemplates(undefined, { ...head, service: '<b>E</b>' })
  const hostile = '"><script>alert(1)</script>\r\nBcc: eve@example.com\u2028\u202e{{link}} $& &lt;'
  for (const letter of letters(hostile)) {
    await t.test(letter.template, async (t) => {
      const { recipient, subject, text, html } = write(letter)
      t.equal(recipient, hostile, 'the recipient is for the mail server to look at')
      t.notMatch(subject, /[\r\n\u2028]/)
      t.notMatch(text, /\r|\u2028|\u202e|^Bcc/m)
      t.match(text, '"><script>alert(1)</script> Bcc: eve@example.com {{link}} $& &lt;')
      t.notMatch(html, /<script|<b>|^Bcc|\u202e/m)
      t.match(
        html,
        '&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt; Bcc: eve@example.com {{link}} $&amp; &amp;lt;',
        'and is not looked through for gaps'
      )
      t.match(html, '&lt;b&gt;E&lt;/b&gt;')
    })
  }
})

test('a name that looks like a link does not become one, and the own address stays as it is', (t) => {
  const write = readTemplates(undefined, head)
  const links = /evil\.example|@evil|http:|www\./
  for (const name of ['evil.example', 'www.evil.example', 'eve@evil.example', 'http://evil.example']) {
    for (const letter of letters(name)) {
      const { subject, text, html } = write({ ...letter, recipient: 'ada@example.com' })
      for (const part of [subject, text, html]) t.notMatch(part, links)
      const shown = text.replaceAll('\u2060', '')
      if ('name' in letter.variables) t.match(shown, name, 'and is readable')
    }
    const { text } = write({ ...RESET, recipient: name, variables: { ...RESET.variables, name } } as Letter)
    t.match(text, `for ${name} at`)
  }
  t.end()
})

test("an operator's own files take the place of ours, each by itself", async (t) => {
  const own = folder(t, {
    'reset-password.txt': 'Subject:  Passwort  \r\n\r\nHallo {{ name }}: {{link}}\r\n',
    'layout.html': '<body class="own">{{content}}</body>'
  })
  const { subject, text, html } = readTemplates(own, head)(RESET)
  t.equal(subject, 'Passwort')
  t.equal(text, 'Hallo ada: https://app.example.com/password/reset#token=abc\n')
  t.match(html, /^<body class="own"><h1>Choose a new password<\/h1>/)
})

test('a fault in a file is told before any letter is written', async (t) => {
  const own = folder(t, {
    'layout.html': '<body>{{ title }}</body>',
    'password-changed.txt': 'The password was changed.\n',
    'verify-email.txt': 'Subject: Hello {{name}}\n\nPlease confirm.\n',
    'verify-email.html': '<a href="{{link}}">{{#if name}}{{name}}{{/if}}</a>'
  })
  try {
    readTemplates(own, head)
    t.fail('it was taken')
  } catch (error) {
    t.ok(error instanceof TemplateError)
    const known = '{{service}}, {{recipient}}, {{expires_in}}, {{link}}'
    t.strictSame((error as Error).message.split('\n'), [
      'The letters do not fit:',
      `  - ${own}/layout.html has {{title}}, and there is only {{content}}, {{subject}}, {{service}}, {{recipient}}`,
      `  - ${own}/verify-email.html has {{#if name}}, and there is only ${known}`,
      `  - ${own}/verify-email.html has {{name}}, and there is only ${known}`,
      `  - ${own}/verify-email.html has {{/if}}, and there is only ${known}`,
      `  - ${own}/verify-email.txt has {{name}}, and there is only ${known}`,
      '  - verify-email.txt has no {{link}}',
      '  - password-changed.txt must begin with a line "Subject: …" and an empty line, and go on after them',
      '  - layout.html has no {{content}}'
    ])
  }
})
