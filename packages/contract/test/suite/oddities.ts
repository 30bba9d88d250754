/** In every text that is sent, so that an echo of it would be seen. */
export const MARK = 'Zq7Mark'

const deep = (open: string, close: string, levels: number) => open.repeat(levels) + close.repeat(levels)

export const TEXTS = [
  MARK,
  `${MARK}' OR '1'='1' --`,
  `${MARK}"; DROP TABLE users; --`,
  `$1 ${MARK} $$`,
  `\${jndi:ldap://127.0.0.1/${MARK}}`,
  `{{7*7}}${MARK}`,
  `<script>${MARK}</script>`,
  `../../../../etc/passwd${MARK}`,
  `%00%0a${MARK}`,
  `${MARK}\r\nset-cookie: a=b`,
  `\u202e${MARK}\u2066`,
  `${MARK}\u0300\u0489`.repeat(20),
  `👩‍👩‍👧‍👦${MARK}`,
  `\ufeff${MARK}\uffff`,
  `\u2028${MARK}\u2029`,
  `ｆｕｌｌ${MARK}`,
  `${MARK}@example.com`,
  `${MARK}@${'a-'.repeat(100)}`,
  `${MARK.repeat(36)}`,
  `${MARK}\u{1d160}`.repeat(30),
  `${MARK}${'\ufdfa'.repeat(200)}`,
  MARK.repeat(1800)
]

/** As they stand in a JSON text. */
export const VALUES = [
  ...TEXTS.map((text) => JSON.stringify(text)),
  'null',
  'true',
  'false',
  '0',
  '-0',
  '1e308',
  '1e400',
  '-1e-400',
  '123456789012345678901234567890',
  '0.1',
  '""',
  '" "',
  `"\\u0000${MARK}"`,
  `"${MARK}\\ud800"`,
  `"${MARK}\\udfff\\ud800"`,
  `"\\u0001\\u001f${MARK}"`,
  '[]',
  '{}',
  `["${MARK}"]`,
  `{"$ne": "${MARK}"}`,
  `{"$ref": "#/${MARK}"}`,
  `{"toString": "${MARK}"}`,
  `{"length": 1, "0": "${MARK}"}`,
  `{"__proto__": {"${MARK}": 1}}`,
  `{"constructor": {"prototype": {"${MARK}": 1}}}`,
  `{"toJSON": "${MARK}", "then": "${MARK}"}`,
  deep('[', ']', 3000),
  deep('{"a":', '}', 1000).replace(':}', ':1}'),
  `[${'0,'.repeat(4000)}0]`
]

export const KEYS = [
  'username',
  'email',
  'password',
  'id',
  'cookie',
  '',
  '0',
  '__proto__',
  'constructor',
  'prototype',
  'hasOwnProperty',
  'toString',
  'then',
  '$ref',
  'a/b~c',
  '\u0000',
  '\ud83d\ude00',
  '\\ud800',
  ' username',
  'USERNAME',
  'x'.repeat(500)
]

export const TYPES = [
  'application/json',
  'application/json',
  'application/json',
  'application/json; charset=utf-16',
  'application/json; charset=',
  'application/json;;;',
  'application/json, text/plain',
  'application/x-www-form-urlencoded',
  'multipart/form-data',
  'multipart/form-data; boundary=x',
  'text/html',
  'application/xml',
  `application/${MARK}`,
  '/',
  'x'.repeat(5000),
  ''
]

export const METHODS = [
  'GET',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
  'HEAD',
  'TRACE',
  'PROPFIND',
  'PURGE',
  'M-SEARCH'
]

export const PATHS = [
  '/login',
  '/register',
  '/secret',
  '/me',
  '/.well-known/jwks.json',
  '/health/live',
  '/health/ready',
  '/openapi.json',
  '/docs',
  '/docs/static/x',
  '/',
  '/admin',
  '/.env',
  '/.git/config',
  '/__proto__',
  '/constructor',
  '/login%2f',
  '/login%00',
  '/%2e%2e/%2e%2e/etc/passwd',
  '/docs/static/%2e%2e%2f%2e%2e%2fpackage.json',
  '/docs/static/%00',
  '/%ff',
  '/%u0041',
  '/login;x=1',
  '/*',
  '/:id',
  `/${MARK}`,
  `/${'x/'.repeat(1000)}`
]

export const QUERIES = [
  '',
  '',
  '',
  '?',
  `?${MARK}`,
  '?x=1',
  '?%',
  '?%00=%00',
  '?a[b][c]=1',
  '?__proto__[x]=1',
  '?a=1&a=2',
  '?&&==',
  `?${'a=1&'.repeat(500)}`,
  '?constructor=1'
]

export const AUTHORIZATIONS = [
  '',
  'Bearer',
  `Bearer ${MARK}`,
  'Bearer a.b.c',
  `Bearer ${'x'.repeat(8000)}`,
  'Bearer eyJhbGciOiJub25lIn0.e30.',
  'Basic Og==',
  `Digest username="${MARK}"`,
  'Bearer \xff\xfe'
]
