import { test } from 'tap'
import { readReturnTo, returnQuery } from '../../../src/http/return-to.ts'

const ORIGINS = new Set(['https://app.example.com', 'http://localhost:5173'])

test('leads to a page of the service, or to a frontend', async (t) => {
  const rows: [text: string, target: ReturnType<typeof readReturnTo>][] = [
    ['/pages/account', { path: 'pages/account' }],
    ['/pages/account?a=1&b=%2F', { path: 'pages/account?a=1&b=%2F' }],
    ['/pages/account#x', { path: 'pages/account' }],
    ['/console', { path: 'console' }],
    ['/console#/users', { path: 'console' }],
    ['/pages/email/../account', { path: 'pages/account' }],
    ['/pages/%2e%2e/pages/account', { path: 'pages/account' }],
    ['/pages/account?next=https://evil.example', { path: 'pages/account?next=https://evil.example' }],
    ['/pages//evil.example', { path: 'pages//evil.example' }],
    [`/pages/${'x'.repeat(2048 - '/pages/'.length)}`, { path: `pages/${'x'.repeat(2048 - '/pages/'.length)}` }],
    ['https://app.example.com', { url: 'https://app.example.com/' }],
    ['https://app.example.com/a?b=c#d', { url: 'https://app.example.com/a?b=c#d' }],
    ['HTTPS://APP.example.com:443/', { url: 'https://app.example.com/' }],
    ['https:///app.example.com/', { url: 'https://app.example.com/' }],
    ['https://app.example.com/"<b>', { url: 'https://app.example.com/%22%3Cb%3E' }],
    ['http://localhost:5173/', { url: 'http://localhost:5173/' }],
    [
      `https://app.example.com/${'x'.repeat(2048 - 'https://app.example.com/'.length)}`,
      { url: `https://app.example.com/${'x'.repeat(2048 - 'https://app.example.com/'.length)}` }
    ]
  ]
  for (const [text, target] of rows) t.strictSame(readReturnTo(text, ORIGINS), target, text.slice(0, 60))
})

test('a link to another page says where to go on', async (t) => {
  t.equal(returnQuery('/pages/account?a=b&c'), '?return_to=%2Fpages%2Faccount%3Fa%3Db%26c')
  t.equal(returnQuery(undefined), '')
})

test('leads nowhere else', async (t) => {
  const refused = [
    '',
    ' ',
    'pages/account',
    '/',
    '/pages',
    '/Pages/account',
    '/login',
    '/token/refresh',
    '/docs',
    '/console/',
    '/console?x',
    '/consoles',
    '/console/x.js',
    '/pages/../docs',
    '/pages/%2e%2e/docs',
    '/pages/.%2E/docs',
    '/pages/a/../../docs',
    '/x/pages/account',
    '//evil.example',
    '//evil.example/pages/account',
    '///evil.example',
    '////evil.example',
    '//[',
    '//evil.example:port/',
    '//app.example.com/',
    '/\\evil.example',
    '\\\\evil.example',
    '/pages/\\evil.example',
    '/\t/evil.example',
    '/\n/evil.example',
    '\t//evil.example',
    ' //evil.example',
    '/pages/account\r\nset-cookie: x',
    '/pages/a\0',
    '/pages/a\u2028',
    '/pages/a b',
    '/pages/a\u00a0',
    `/pages/${'x'.repeat(4097 - '/pages/'.length)}`,
    'https://evil.example',
    'https://app.example.com.evil.example/',
    'https://app.example.com@evil.example/',
    'https://evil.example/https://app.example.com/',
    'https://evil.example?https://app.example.com',
    'https://evil.example#@app.example.com',
    'https://evil.example\\@app.example.com/',
    'https://ada@app.example.com/',
    'https://ada:secret@app.example.com/',
    'https://:secret@app.example.com/',
    'https://app.example.com:8443/',
    'http://app.example.com/',
    'https://sub.app.example.com/',
    'https://example.com/',
    'https://app.example.com./',
    'http://localhost:5174/',
    'http://127.0.0.1:5173/',
    'https:app.example.com',
    'https:/app.example.com/',
    'https://',
    'https://%00/',
    'https://[::1/',
    'ftp://app.example.com/',
    'javascript:alert(1)',
    'javascript://app.example.com/%0aalert(1)',
    'data:text/html,x',
    'blob:https://app.example.com/x',
    'view-source:https://app.example.com/',
    'null',
    'about:blank',
    `https://app.example.com/${'x'.repeat(2049 - 'https://app.example.com/'.length)}`
  ]
  for (const text of refused) t.equal(readReturnTo(text, ORIGINS), undefined, encodeURI(text.slice(0, 60)))
})
