import { spawnSync } from 'node:child_process'
import { symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { type Test, test } from 'tap'
import { readEnvFile, readEnvFileOf } from '../../../src/config/env-file.ts'

/** The settings that a file adds to an environment. */
function read(t: Test, content: string | Buffer, environment: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const file = join(t.testdir(), 'settings')
  writeFileSync(file, content)
  readEnvFile(file, environment)
  return environment
}

test('a file adds settings that the environment does not have', async (t) => {
  const environment = { GIVEN: 'here', BLANK: '', SPACE: ' \t', BOTH: ' ' }
  t.strictSame(read(t, 'GIVEN=there\nADDED=there\nBLANK=there\nSPACE=there\nBOTH=\n', environment), {
    GIVEN: 'here',
    ADDED: 'there',
    BLANK: 'there',
    SPACE: 'there',
    BOTH: ''
  })
})

test('--env-file may be anywhere on the command line', async (t) => {
  const own = process.cwd()
  t.teardown(() => process.chdir(own))
  process.chdir(t.testdir({ '.env': 'A=default', 'other.env': 'A=other' }))
  const settings = (words: string[]) => {
    const environment: NodeJS.ProcessEnv = {}
    readEnvFileOf(words, environment)
    return environment
  }
  for (const words of [[], ['users', 'list', '--json'], ['users', 'list', '--env-file']]) {
    t.strictSame(settings(words), { A: 'default' }, words.join(' '))
  }
  for (const words of [
    ['--env-file', 'other.env', 'users'],
    ['users', 'list', '--env-file=other.env', '--yes']
  ]) {
    t.strictSame(settings(words), { A: 'other' }, words.join(' '))
  }
  t.throws(() => settings(['--env-file', 'none.env']), {
    name: 'EnvironmentFileError',
    message: '/none.env cannot be read'
  })
})

test('a file of settings is accepted', async (t) => {
  const files: [what: string, content: string | Buffer, settings: NodeJS.ProcessEnv][] = [
    ['empty', '', {}],
    ['with comments and empty lines', '# one\n\n  \t\n  # two\nA=1\n#B=2', { A: '1' }],
    ['with a byte order mark', '\uFEFFA=1\nB=2\n', { A: '1', B: '2' }],
    ['with the line ends of Windows', 'A=1\r\n\r\nB="2"\r\n', { A: '1', B: '2' }],
    ['without a line end', 'A=1', { A: '1' }],
    ['with white space around names and values', '  A = 1 \n\tB=\t2\n', { A: '1', B: '2' }],
    ['with the word of a shell', 'export A=1\n', { A: '1' }],
    ['with comments after values', 'A=1 # one\nB="2"  # two\nC=# three\n', { A: '1', B: '2', C: '' }],
    [
      'with quotation marks',
      `A="x#y"\nB='x"y'\nC=\`x"y'z\`\nD=it's\nE=""\n`,
      {
        A: 'x#y',
        B: 'x"y',
        C: `x"y'z`,
        D: "it's",
        E: ''
      }
    ],
    ['with a value of several lines', 'A="one\ntwo"\nB=3\n', { A: 'one\ntwo', B: '3' }],
    ['in UTF-8', 'A=Grüße 🔑\n', { A: 'Grüße 🔑' }],
    ['with a value twice', 'A=1\nB=2\nexport A="1" # again\n', { A: '1', B: '2' }],
    ['with empty values', 'A=\nB=2\n', { A: '', B: '2' }]
  ]
  for (const [what, content, settings] of files) {
    await t.test(what, async (t) => t.strictSame(read(t, content), settings))
  }
})

const LINE = 'A value that contains # or a quotation mark must be in quotation marks.'

test('an invalid file of settings is refused completely, and none of it is shown', async (t) => {
  const refused: [what: string, content: string | Buffer, why: string][] = [
    ['in UTF-16', Buffer.from('\uFEFFA=hush\n', 'utf16le'), ' is not text in UTF-8: save it as UTF-8'],
    [
      'in UTF-16, the other way',
      Buffer.from('\uFEFFA=hush\n', 'utf16le').swap16(),
      ' is not text in UTF-8: save it as UTF-8'
    ],
    ['in UTF-16 without a mark', Buffer.from('A=hush\n', 'utf16le'), ' is not text in UTF-8: save it as UTF-8'],
    ['in Latin-1', Buffer.from('A=hüsh\n', 'latin1'), ' is not text in UTF-8: save it as UTF-8'],
    ['with a NUL', 'A=1\nB=hush\0\n', ' is not text in UTF-8: save it as UTF-8'],
    ['without an equals sign', 'A=1\nhush\n', `, line 2: this is not NAME=value. ${LINE}`],
    ['with a colon', 'A: hush\n', `, line 1: this is not NAME=value. ${LINE}`],
    ['with a name that is none', '# one\n\n1A=hush\n', `, line 3: this is not NAME=value. ${LINE}`],
    ['with a hyphen of a word processor', 'A=1\n–B=hush\n', `, line 2: this is not NAME=value. ${LINE}`],
    ['with an open quotation mark', 'A="one\ntwo"\nB="hush\n', `, line 3: this is not NAME=value. ${LINE}`],
    ['with text after a value', 'A="1" hush\n', `, line 1: this is not NAME=value. ${LINE}`],
    ['with a # in a value', 'A=hu#sh\n', `, line 1: this is not NAME=value. ${LINE}`],
    [
      'with two values of a name',
      'A="\n"\nA=hush\n',
      ', line 3: A has another value than in line 1: remove one of the two'
    ],
    [
      'with a value that is taken back',
      'DATABASE_URL=hush\n# new\nexport DATABASE_URL=\n',
      ', line 3: DATABASE_URL has another value than in line 1: remove one of the two'
    ],
    ['with line ends that are none', 'A=1\rB=hush\r', `, line 1: this is not NAME=value. ${LINE}`]
  ]
  for (const [what, content, why] of refused) {
    await t.test(what, async (t) => {
      const environment = {}
      t.throws(() => read(t, content, environment), {
        name: 'EnvironmentFileError',
        message: `${t.testdirName}/settings${why}`
      })
      t.strictSame(environment, {})
    })
  }
})

test('a setting that is misspelt is refused, and a name of another program is not', async (t) => {
  const meant: [name: string, setting: string][] = [
    ['DATABSE_URL', 'DATABASE_URL'],
    ['DATABASE_ULR', 'DATABASE_URL'],
    ['DATABASEURL', 'DATABASE_URL'],
    ['database_url', 'DATABASE_URL'],
    ['SECRET_KEYS', 'SECRET_KEY'],
    ['port', 'PORT']
  ]
  for (const [name, setting] of meant) {
    t.throws(() => read(t, `HOST=127.0.0.1\n${name}=hush\n`), {
      message: `${t.testdirName}/settings: there is no setting ${name}. Did you mean ${setting}?`
    })
  }
  const others = { POST: '1', NODE_ENV: '2', POSTGRES_PASSWORD: '3', HOSTNAME: '4', HOME: '5', DATABASE_NAME: '6' }
  const lines = Object.entries(others).map(([name, value]) => `${name}=${value}`)
  t.strictSame(read(t, lines.join('\n')), others)
})

test('a missing .env is accepted, any other unreadable file is an error', async (t) => {
  const folder = process.cwd()
  t.teardown(() => process.chdir(folder))
  const there = t.testdir({ none: {}, folder: { '.env': {} }, link: {}, loop: {} })
  symlinkSync('nowhere', `${there}/link/.env`)
  symlinkSync('.env', `${there}/loop/.env`)

  process.chdir(`${there}/none`)
  const environment = {}
  readEnvFile(undefined, environment)
  t.strictSame(environment, {})
  t.throws(
    () => readEnvFile('named'),
    { message: /\/none\/named cannot be read: ENOENT: / },
    'but one that is named is'
  )

  for (const [name, code] of [
    ['folder', 'EISDIR'],
    ['link', 'ENOENT'],
    ['loop', 'ELOOP']
  ] as const) {
    process.chdir(`${there}/${name}`)
    t.throws(() => readEnvFile(), { message: new RegExp(`/${name}/\\.env cannot be read: ${code}: `) }, name)
  }
})

test('a pipe or device is refused, and not waited for', async (t) => {
  const folder = t.testdir({})
  // The path of a socket has at most about a hundred bytes.
  const there = process.cwd()
  t.teardown(() => process.chdir(there))
  process.chdir(folder)
  const server = createServer().listen('socket')
  t.teardown(() => server.close())
  spawnSync('mkfifo', ['pipe'])
  symlinkSync('pipe', '.env')
  for (const file of [undefined, 'pipe', 'socket', '/dev/zero']) {
    const path = file === '/dev/zero' ? file : join(folder, file ?? '.env')
    t.throws(() => readEnvFile(file, {}), {
      name: 'EnvironmentFileError',
      message: `${path} cannot be read: it is a pipe, a socket or a device, and not a file`
    })
  }
})

test('the environment of the process is the default', async (t) => {
  t.intercept(process, 'env', { value: { A: '1' } })
  readEnvFile(join(t.testdir({ settings: 'A=2\nB=2\n' }), 'settings'))
  t.strictSame({ ...process.env }, { A: '1', B: '2' })
})
