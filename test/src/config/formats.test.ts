import { symlinkSync } from 'node:fs'
import { rootCertificates } from 'node:tls'
import { test } from 'tap'
import {
  folderProblem,
  isCertificate,
  isDecodable,
  isHost,
  isPublicUrl,
  isRange,
  isReadableFolder,
  isSmtpUrl,
  list,
  parseUrl,
  readSender,
  urlHost
} from '../../../src/config/formats.ts'

test('a list is split at commas, without white space and empty entries', (t) => {
  const table: [text: string, entries: string[]][] = [
    ['', []],
    [' , ', []],
    ['a', ['a']],
    [' a ,b,, c d ', ['a', 'b', 'c d']]
  ]
  for (const [text, entries] of table) t.strictSame(list(text), entries, text)
  t.end()
})

const formats: [name: string, accepts: (text: string) => boolean, valid: string[], invalid: string[]][] = [
  [
    'a host',
    isHost,
    ['localhost', 'auth.example.com', '127.0.0.1', '::1', '0.0.0.0', 'A-1.example'],
    ['', 'http://localhost', 'a host', '-host', 'host-', '256.1.1.1', 'fe80::1%eth0', 'a'.repeat(254)]
  ],
  [
    'a CIDR range',
    isRange,
    ['10.0.0.0/8', '2001:db8::/32', '192.0.2.1/32'],
    ['10.0.0.0', '10.0.0.0/33', '10/8', '010.0.0.0/8', 'x/8']
  ],
  [
    'a public URL',
    isPublicUrl,
    ['https://auth.example.com', 'http://localhost:3000/base/'],
    [
      '',
      'auth.example.com',
      'ftp://a.example',
      'https://ada@a.example',
      'https://:b@a.example',
      'https://a.example/?',
      'https://a.example/#',
      ' https://a.example'
    ]
  ],
  ['percent-encoding', isDecodable, ['', 'a%20b', 'grüße'], ['%', 'p%zz', '%ff']],
  [
    'an SMTP URL',
    isSmtpUrl,
    ['smtp://localhost', 'smtps://ada%40a:p%3Aw@smtp.example.com:465', 'smtp://smtp.example.com/'],
    [
      'smtp.example.com',
      'http://smtp.example.com',
      'smtp://',
      'smtp://a.example/path',
      'smtp://a.example?ignoreTLS=true',
      'smtp://a.example#x',
      'smtp://a%zz@a.example'
    ]
  ]
]
for (const [name, accepts, valid, invalid] of formats) {
  test(`${name} is recognized`, (t) => {
    for (const text of valid) t.equal(accepts(text), true, JSON.stringify(text))
    for (const text of invalid) t.equal(accepts(text), false, JSON.stringify(text))
    t.end()
  })
}

test('an IPv6 address is in brackets in a URL', (t) => {
  t.strictSame(['::1', '127.0.0.1', 'localhost'].map(urlHost), ['[::1]', '127.0.0.1', 'localhost'])
  t.end()
})

test('a URL is parsed, or null', (t) => {
  t.equal(parseUrl('https://a.example')?.hostname, 'a.example')
  t.equal(parseUrl('a.example'), null)
  t.end()
})

test('a sender is an address with or without a name', (t) => {
  const table: [text: string, sender: { name: string; address: string } | undefined][] = [
    ['a@b.example', { name: '', address: 'a@b.example' }],
    ['<a@b.example>', { name: '', address: 'a@b.example' }],
    ['Grüße & Co. <a@b.example>', { name: 'Grüße & Co.', address: 'a@b.example' }],
    ['', undefined],
    ['nobody', undefined],
    ['a@b.example, c@d.example', undefined],
    ['A <a@b.example', undefined],
    ['A\nBcc: x <a@b.example>', undefined],
    ['"A" <a@b.example>', undefined]
  ]
  for (const [text, sender] of table) t.strictSame(readSender(text), sender, JSON.stringify(text))
  t.end()
})

test('a path is examined', (t) => {
  const folder = t.testdir({ file: '', 'ca.pem': String(rootCertificates[0]) })
  symlinkSync('loop', `${folder}/loop`)
  t.equal(folderProblem(folder), undefined)
  t.equal(folderProblem(`${folder}/missing/one`), undefined)
  t.equal(folderProblem(`${folder}/file`), `${folder}/file is not a folder`)
  t.match(folderProblem(`${folder}/loop`), /^ELOOP/)
  const readable = [folder, `${folder}/file`, `${folder}/missing`].map(isReadableFolder)
  t.strictSame(readable, [true, false, false])
  const certificates = [`${folder}/ca.pem`, `${folder}/file`, `${folder}/missing`].map(isCertificate)
  t.strictSame(certificates, [true, false, false])
  t.end()
})
