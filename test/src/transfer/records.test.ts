import { Readable } from 'node:stream'
import { test } from 'tap'
import { type Entry, type Format, formatOf, readRecords } from '../../../src/transfer/records.ts'

const HASH = `$2b$12$${'.'.repeat(53)}`
const KEY = 'AAECAwQFBgcICQoLDA0ODw=='
const KEYCLOAK = { hashIterations: 1000, algorithm: 'pbkdf2-sha256', salt: KEY, value: KEY }
const PBKDF2 = '$pbkdf2-sha256$i=1000$AAECAwQFBgcICQoLDA0ODw$AAECAwQFBgcICQoLDA0ODw'
const ID = '01a2042f-755a-73a2-b130-55ee546a65bd'

async function entriesOf(text: string | Buffer, format: Format = 'jsonl', ignoreUnknown = false) {
  const entries: Entry[] = []
  for await (const entry of readRecords(Readable.from([text]), { format, ignoreUnknown })) entries.push(entry)
  return entries
}

const refusal = (code: string, path: string, message: string, line = 1) => [{ line, code, errors: [{ path, message }] }]

const WHOLE = {
  id: ID,
  username: 'ada',
  email: 'ada@example.com',
  email_verified: true,
  password_hash: HASH,
  created_at: '2019-05-04T03:02:01.123456Z',
  disabled_at: '2020-05-04T03:02:01+14:00',
  locale: 'pt-BR',
  roles: ['admin', 'editor'],
  metadata: { plan: null, teams: ['a', 'b'] },
  last_login_at: '2020-05-04T03:02:01Z'
}

test('accounts are read from JSON lines', async (t) => {
  t.strictSame(await entriesOf(JSON.stringify(WHOLE)), [{ line: 1, record: WHOLE }])
  t.strictSame(
    await entriesOf(
      [
        '\ufeff{"username": "ada"}',
        '',
        '  \r',
        JSON.stringify({ email: 'bob@example.com', username: null, id: null, password_hash: HASH.replace('2b', '2y') }),
        JSON.stringify({ username: 'eve', password_hash: KEYCLOAK })
      ].join('\n')
    ),
    [
      { line: 1, record: { username: 'ada', password_hash: null } },
      { line: 4, record: { email: 'bob@example.com', password_hash: HASH } },
      { line: 5, record: { username: 'eve', password_hash: PBKDF2 } }
    ]
  )
})

const NOT_JSON = 'is not a JSON document in valid UTF-8'
const TIME = 'must be a time from 1970 to 2099 (RFC 3339)'

const refused: [what: string, line: string | Buffer, code: string, path: string, message: string][] = [
  ['no JSON', '{"username": ', 'MALFORMED', '', NOT_JSON],
  ['no UTF-8', Buffer.from([0x22, 0xff, 0x22]), 'MALFORMED', '', NOT_JSON],
  ['a NUL', '{"username": "ada\\u0000"}', 'MALFORMED', '', NOT_JSON],
  ['a long line', `{"username": "${'a'.repeat(16_384)}"}`, 'MALFORMED', '', 'is longer than 16384 bytes'],
  ['an array', '[]', 'VALIDATION_FAILED', '', 'must be object'],
  ['null', 'null', 'VALIDATION_FAILED', '', 'must be object'],
  ['no name', '{}', 'VALIDATION_FAILED', '', 'at least one of username and email is required'],
  [
    'a key that is not known',
    '{"username": "ada", "role": "admin"}',
    'VALIDATION_FAILED',
    '/role',
    'is not a known key'
  ],
  ['a plain password', '{"username": "ada", "password": "x"}', 'VALIDATION_FAILED', '/password', 'is not a known key'],
  ['an id that is none', '{"username": "ada", "id": "1"}', 'VALIDATION_FAILED', '/id', 'must be a UUID'],
  ['an email that is none', '{"email": "ada"}', 'VALIDATION_FAILED', '/email', 'must be an email address'],
  [
    'an email with a route in it',
    '{"email": "ada%example.org@example.com"}',
    'VALIDATION_FAILED',
    '/email',
    'must be an email address'
  ],
  [
    'a flag that is none',
    '{"username": "ada", "email_verified": "yes"}',
    'VALIDATION_FAILED',
    '/email_verified',
    'must be boolean'
  ],
  ...['German', 'de_DE', 'd', 'de-', 'de AT', ''].map((locale): (typeof refused)[number] => [
    `the language "${locale}"`,
    JSON.stringify({ username: 'ada', locale }),
    'VALIDATION_FAILED',
    '/locale',
    'must be the tag of a language, such as de'
  ]),
  [
    'a long language',
    JSON.stringify({ username: 'ada', locale: `de-${'x-'.repeat(16)}xx` }),
    'VALIDATION_FAILED',
    '/locale',
    'must have at most 35 characters'
  ],
  [
    'a hash that is none',
    '{"username": "ada", "password_hash": 5}',
    'VALIDATION_FAILED',
    '/password_hash',
    'must be string,object'
  ],
  [
    'a hash of an unknown format',
    '{"username": "ada", "password_hash": "x"}',
    'HASH_REFUSED',
    '/password_hash',
    'has no known format'
  ],
  ...[
    '2019-05-04T03:02:01',
    '2019-05-04 03:02:01.5',
    '2019-05-04  03:02:01Z',
    '2019-02-30 03:02:01+00',
    '2019-05-04 03:02:01+15',
    'infinity',
    '-infinity',
    '1969-12-31T23:59:59Z',
    '2016-12-31T23:59:60Z',
    '2019-05-04T03:02:01+15:00'
  ].map((time): [string, string, string, string, string] => [
    `the time ${time}`,
    JSON.stringify({ username: 'ada', created_at: time }),
    'VALIDATION_FAILED',
    '/created_at',
    TIME
  ])
]

test('times are taken as databases write them', async (t) => {
  const table: [given: string, time: string][] = [
    ['2024-01-31 12:00:00.123456+00', '2024-01-31T12:00:00.123456+00:00'],
    ['2024-01-31 12:00:00+00', '2024-01-31T12:00:00+00:00'],
    ['2024-01-31 12:00:00-03:30', '2024-01-31T12:00:00-03:30'],
    ['2024-01-31T12:00:00.5+0530', '2024-01-31T12:00:00.5+05:30'],
    ['2024-01-31 12:00:00.123456789Z', '2024-01-31T12:00:00.123456Z'],
    ['2024-01-31t12:00:00z', '2024-01-31T12:00:00Z'],
    ['2024-01-31 12:00:00 UTC', '2024-01-31T12:00:00Z']
  ]
  for (const [given, time] of table) {
    const record = { username: 'ada', created_at: time, disabled_at: time, password_hash: null }
    const json = JSON.stringify({ username: 'ada', created_at: given, disabled_at: given })
    t.strictSame(await entriesOf(json), [{ line: 1, record }])
    const csv = `username,created_at,disabled_at\nada,${given},${given}\n`
    t.strictSame(await entriesOf(csv, 'csv'), [{ line: 2, record }])
  }
})

test('a flag of CSV is taken as databases write it', async (t) => {
  for (const [given, email_verified] of [
    ['t', true],
    ['f', false],
    ['TRUE', true],
    ['False', false],
    ['1', true],
    ['0', false]
  ] as const) {
    t.strictSame(await entriesOf(`username,email_verified\nada,${given}\n`, 'csv'), [
      { line: 2, record: { username: 'ada', email_verified, password_hash: null } }
    ])
  }
})

test('a credential of Keycloak is taken as a string of JSON too', async (t) => {
  const { algorithm, hashIterations, salt, value } = KEYCLOAK
  const secretData = JSON.stringify({ salt, value })
  const credentialData = JSON.stringify({ algorithm, hashIterations })
  const given = [KEYCLOAK, { secretData, credentialData }, { secret_data: secretData, credential_data: credentialData }]
  for (const credential of given) {
    const text = JSON.stringify(credential)
    const record = { username: 'eve', password_hash: PBKDF2 }
    t.strictSame(await entriesOf(JSON.stringify({ username: 'eve', password_hash: text })), [{ line: 1, record }])
    const csv = `username,password_hash\neve,"${text.replaceAll('"', '""')}"\n`
    t.strictSame(await entriesOf(csv, 'csv'), [{ line: 2, record }])
  }
  for (const text of ['{', '{}', '{"salt": 5}', '{"__proto__": {}}']) {
    const [entry] = await entriesOf(JSON.stringify({ username: 'eve', password_hash: text }))
    t.match(entry, { code: 'HASH_REFUSED' }, text)
  }
})

test('a file that was written for spreadsheets is not taken back', async (t) => {
  t.strictSame(await entriesOf("username,email\nada,'=1@example.com\neve,'a@example.com\n", 'csv'), [
    ...refusal('MALFORMED', '', 'was written with --for-spreadsheets', 2),
    { line: 3, record: { username: 'eve', email: "'a@example.com", password_hash: null } }
  ])
})

test('what is at fault in a line is told without it', async (t) => {
  for (const [what, line, code, path, message] of refused) {
    t.strictSame(await entriesOf(line), refusal(code, path, message), what)
  }
  const [entry] = await entriesOf('{"username": "ada", "created_at": "2019-02-30T03:02:01Z"}')
  t.match(entry, { code: 'VALIDATION_FAILED', errors: [{ path: '/created_at', message: TIME }] })
})

test('what is not known can be left out', async (t) => {
  t.strictSame(await entriesOf('{"username": "ada", "role": "admin"}\n5', 'jsonl', true), [
    { line: 1, record: { username: 'ada', password_hash: null } },
    ...refusal('VALIDATION_FAILED', '', 'must be object', 2)
  ])
  t.strictSame(await entriesOf('username,role\nada,admin\n', 'csv', true), [
    { line: 2, record: { username: 'ada', password_hash: null } }
  ])
})

test('accounts are read from CSV', async (t) => {
  const quoted = JSON.stringify(KEYCLOAK).replaceAll('"', '""')
  const { id, created_at, disabled_at, locale, last_login_at } = WHOLE
  const more = `editor admin  editor,"{""plan"":null,""teams"":[""a"",""b""]}",${last_login_at}`
  t.strictSame(
    await entriesOf(
      [
        '\ufeffid,username,email,email_verified,password_hash,created_at,disabled_at,locale,roles,metadata,last_login_at',
        `${id},ada,ada@example.com,true,${HASH},${created_at},${disabled_at},${locale},${more}`,
        ',bob,,false,,,,,,,',
        '',
        `,eve,,,"${quoted}",,,,,,`,
        ',dan,,yes,,,,,,,',
        ',kim,,,{,,,,,,',
        ',a row with too few,',
        ',max,,t,,,,,,,'
      ].join('\r\n'),
      'csv'
    ),
    [
      { line: 2, record: WHOLE },
      { line: 3, record: { username: 'bob', email_verified: false, password_hash: null } },
      { line: 5, record: { username: 'eve', password_hash: PBKDF2 } },
      ...refusal('VALIDATION_FAILED', '/email_verified', 'must be boolean', 6),
      ...refusal('HASH_REFUSED', '/password_hash', 'has no known format', 7),
      ...refusal('MALFORMED', '', 'does not have one field for each column', 8),
      { line: 9, record: { username: 'max', email_verified: true, password_hash: null } }
    ]
  )
  t.strictSame(
    await entriesOf('username\nada,eve', 'csv'),
    refusal('MALFORMED', '', 'does not have one field for each column', 2)
  )
})

test('roles and metadata are read from either format', async (t) => {
  const deep = (levels: number): object => (levels === 1 ? {} : { a: deep(levels - 1) })
  const sized = (bytes: number) => ({ a: 'x'.repeat(bytes - '{"a":""}'.length) })
  const taken: [given: object, record: object][] = [
    [{ roles: ['editor', 'admin', 'editor'] }, { roles: ['admin', 'editor'] }],
    [{ metadata: deep(8) }, { metadata: deep(8) }],
    [{ metadata: sized(4096) }, { metadata: sized(4096) }]
  ]
  for (const [given, record] of taken) {
    const json = JSON.stringify({ username: 'ada', ...given })
    t.strictSame(await entriesOf(json), [{ line: 1, record: { username: 'ada', ...record, password_hash: null } }])
  }
  const refused: [given: object, path: string, message: string][] = [
    [{ roles: 'editor' }, '/roles', 'must be array'],
    [{ roles: Array(17).fill('editor') }, '/roles', 'must have at most 16 items'],
    [{ roles: ['Editor'] }, '/roles/0', 'must be a lower-case letter, then letters, digits, underscores and hyphens'],
    [{ metadata: [] }, '/metadata', 'must be object'],
    [{ metadata: deep(9) }, '/metadata', 'must be at most 8 levels deep'],
    [{ metadata: sized(4097) }, '/metadata', 'must have at most 4096 bytes as JSON'],
    [
      { metadata: { a: [2 ** 53] } },
      '/metadata',
      'must be a number from -(2^53 - 1) to 2^53 - 1; send another one as text'
    ]
  ]
  for (const [given, path, message] of refused) {
    const json = JSON.stringify({ username: 'ada', ...given })
    t.strictSame(await entriesOf(json), refusal('VALIDATION_FAILED', path, message))
  }
  t.strictSame(await entriesOf('username,metadata\nada,{}\nbob,{', 'csv'), [
    { line: 2, record: { username: 'ada', metadata: {}, password_hash: null } },
    ...refusal('VALIDATION_FAILED', '/metadata', 'must be object', 3)
  ])
})

test('a file of CSV with columns that are not known is refused whole', async (t) => {
  await t.rejects(entriesOf('username,role\nada,admin\n', 'csv'), {
    message:
      'Unknown columns: role. Rename them to id, username, email, email_verified, password_hash, created_at, disabled_at, locale, roles, metadata, last_login_at, or use --ignore-unknown.'
  })
})

test('a file is CSV as far as its quotes are in their places', async (t) => {
  for (const row of ['"a"b', 'a"b', '"a', `"${'x'.repeat(20_000)}"`]) {
    await t.rejects(entriesOf(`username\nada\n${row}\neve\n`, 'csv'), {
      message: /^Line \d is not valid CSV: correct the file and run this again\.$/
    })
  }
})

test('a file that cannot be read is a fault', async (t) => {
  for (const format of ['jsonl', 'csv'] as const) {
    const broken = Readable.from(
      (async function* () {
        yield 'username\n'
        throw new Error('the disk is gone')
      })()
    )
    const reading = async () => {
      for await (const _ of readRecords(broken, { format, ignoreUnknown: false }));
    }
    await t.rejects(reading(), { message: 'the disk is gone' }, format)
  }
})

test('a name tells the format', (t) => {
  t.strictSame(['users.csv', 'users.jsonl', '-'].map(formatOf), ['csv', 'jsonl', 'jsonl'])
  t.end()
})
