import { join } from 'node:path'
import { test } from 'tap'
import { ConfigurationError, readConfig } from '../../../src/config/config.ts'
import { readSecretFiles } from '../../../src/config/secret-files.ts'

const SECRET = 'x'.repeat(32)

test('a secret is the content of its file, without one line break at the end', (t) => {
  const folder = t.testdir({
    plain: SECRET,
    line: `${SECRET}\n`,
    windows: `${SECRET}\r\n`,
    lines: `${SECRET}\n\n`,
    spaces: ` ${SECRET} `,
    bom: `\uFEFF${SECRET}\n`,
    link: t.fixture('symlink', 'plain')
  })
  const table: [name: string, secret: string][] = [
    ['plain', SECRET],
    ['line', SECRET],
    ['windows', SECRET],
    ['lines', `${SECRET}\n`],
    ['spaces', ` ${SECRET} `],
    ['bom', SECRET],
    ['link', SECRET]
  ]
  for (const [name, secret] of table) {
    const read = readSecretFiles({ SECRET_KEY_FILE: join(folder, name), SECRET_KEY: ' ', METRICS_KEY_FILE: '' })
    t.strictSame(read, { secrets: { SECRET_KEY: secret }, faults: new Map() }, name)
  }
  t.end()
})

test('what is wrong with a file is said without its content and its path, which may be the secret', (t) => {
  const folder = t.testdir({
    empty: '\n',
    blank: '  \n',
    bom: '\uFEFF\r\n',
    binary: Buffer.from([0xff, 0xfe, 0x41]),
    nul: `${SECRET}\0`,
    large: 'x'.repeat(65_537),
    folder: {}
  })
  const table: [path: string, reason: string][] = [
    [join(folder, 'missing'), 'it cannot be read (ENOENT)'],
    ['smtp://ada:secret@localhost', 'it cannot be read (ENOENT)'],
    [SECRET.repeat(200), 'it cannot be read (ENAMETOOLONG)'],
    [`${SECRET}\0`, 'it cannot be read (ERR_INVALID_ARG_VALUE)'],
    [join(folder, 'empty'), 'it is empty'],
    [join(folder, 'blank'), 'it is empty'],
    [join(folder, 'bom'), 'it is empty'],
    [join(folder, 'binary'), 'it is not text in UTF-8'],
    [join(folder, 'nul'), 'it is not text in UTF-8'],
    [join(folder, 'large'), 'it is larger than 65536 bytes'],
    [join(folder, 'folder'), 'it is not a file'],
    ['/dev/zero', 'it is not a file']
  ]
  for (const [path, reason] of table) {
    const fault = `SMTP_URL_FILE must be the path of a file with the secret: ${reason}`
    t.strictSame(readSecretFiles({ SMTP_URL_FILE: path }), { secrets: {}, faults: new Map([['SMTP_URL', fault]]) })
  }
  t.end()
})

test('every fault of files and settings is listed once', (t) => {
  const folder = t.testdir({ short: 'too short', url: 'postgres://ada@localhost/latchkey\n' })
  const read = () =>
    readConfig({
      DATABASE_URL_FILE: join(folder, 'url'),
      SECRET_KEY_FILE: join(folder, 'missing'),
      METRICS_KEY: SECRET,
      METRICS_KEY_FILE: join(folder, 'short'),
      INTROSPECTION_KEY_FILE: join(folder, 'short'),
      PORT: 'x'
    })
  try {
    read()
    t.fail('is refused')
  } catch (error) {
    t.type(error, ConfigurationError)
    t.strictSame((error as ConfigurationError).faults.sort(), [
      'INTROSPECTION_KEY must be text of 32 bytes or more, of ASCII without spaces around it',
      'METRICS_KEY and METRICS_KEY_FILE are both set: remove one of the two',
      'PORT must be a port from 1 to 65535',
      'SECRET_KEY_FILE must be the path of a file with the secret: it cannot be read (ENOENT)'
    ])
  }
  t.end()
})

test('secrets of files are settings like any other', (t) => {
  const folder = t.testdir({ url: 'postgres://ada:secret@localhost/latchkey\n', key: `${SECRET}\n` })
  const { DATABASE_URL, SECRET_KEY, ...config } = readConfig({
    DATABASE_URL_FILE: join(folder, 'url'),
    SECRET_KEY_FILE: join(folder, 'key')
  })
  t.strictSame([DATABASE_URL, SECRET_KEY], ['postgres://ada:secret@localhost/latchkey', SECRET])
  t.notOk('SECRET_KEY_FILE' in config)
  t.end()
})
