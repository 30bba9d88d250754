import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { mock } from 'node:test'
import { test } from 'tap'
import { showProgress } from '../../../src/cli/progress.ts'
import { align, table } from '../../../src/cli/table.ts'
import { confirmed, readSecret, type Terminal } from '../../../src/cli/terminal.ts'
import { countOf } from '../../../src/plural.ts'
import { escaping, toJson, visible } from '../../../src/printable.ts'
import { caught } from '../../helpers/caught.ts'

function terminal(isTTY: boolean, environment: NodeJS.ProcessEnv = {}) {
  const stdin = Object.assign(new PassThrough(), { isTTY })
  const stderr = Object.assign(new PassThrough({ encoding: 'utf8' }), { isTTY })
  return { stdin, stdout: new PassThrough(), stderr, environment } satisfies Terminal
}

test('a secret', async (t) => {
  await t.test('is what a variable of the environment says, an empty one too', async (t) => {
    t.equal(
      await readSecret(terminal(true, { LATCHKEY_PASSWORD: 'from there' }), 'Password', 'LATCHKEY_PASSWORD'),
      'from there'
    )
    t.equal(await readSecret(terminal(false, { LATCHKEY_PASSWORD: '' }), 'Password', 'LATCHKEY_PASSWORD'), '')
  })

  await t.test('is all that is piped in, without the end of the line', async (t) => {
    for (const [piped, secret] of [
      ['with spaces \n', 'with spaces '],
      ['with\r\n', 'with'],
      ['two\nlines\n', 'two\nlines'],
      ['', '']
    ] as const) {
      const given = terminal(false)
      given.stdin.end(piped)
      t.equal(await readSecret(given, 'Password', 'LATCHKEY_PASSWORD'), secret)
    }
  })

  await t.test('is not what no client could send', async (t) => {
    for (const piped of [Buffer.from('caf\xe9', 'latin1'), 'a\0b']) {
      const given = terminal(false)
      given.stdin.end(piped)
      const { message } = await caught(readSecret(given, 'Password', 'LATCHKEY_PASSWORD'))
      t.equal(message, 'What is piped in is not a text in UTF-8.')
    }
  })

  await t.test('is typed unseen on a terminal', async (t) => {
    const given = terminal(true)
    const typed = readSecret(given, 'Password', 'LATCHKEY_PASSWORD')
    let seen = ''
    given.stderr.on('data', (shown) => {
      seen += shown
    })
    await once(given.stderr, 'data')
    given.stdin.write('a typed secret')
    given.stdin.write('\r')
    t.equal(await typed, 'a typed secret')
    t.match(seen, 'Password')
    t.notMatch(seen, 'secret')
    t.equal(given.stdout.read(), null)
  })
})

test('a confirmation', async (t) => {
  await t.test('is asked for on a terminal, and is yes', async (t) => {
    for (const [typed, expected] of [
      ['yes\n', true],
      [' YES \r\n', true],
      ['y\n', false],
      ['\n', false],
      ['no\n', false]
    ] as const) {
      const given = terminal(true)
      const asked = confirmed(given, 'ada\u001b[2J would go.')
      given.stdin.write(typed)
      t.equal(await asked, expected, typed)
      t.match(given.stderr.read(), /^ada\?\[2J would go\.\n.*Type yes to go on: /s)
    }
  })

  await t.test('is none at the end of the input', async (t) => {
    const given = terminal(true)
    const asked = confirmed(given, 'ada would go.')
    given.stdin.end()
    t.equal(await asked, false)
  })

  await t.test('is never read from what is piped in', async (t) => {
    const given = terminal(false)
    given.stdin.end('yes\n')
    t.equal(await confirmed(given, 'ada would go.'), false)
    t.equal(given.stderr.read(), null)
  })
})

test('nothing steers the terminal', (t) => {
  const hostile = 'a\u001b[2J\u009b1m\u0085\u202eb\u2066\u200f\u2028\u00ad\u{e0041}\u007fé ☺'
  t.equal(visible(`${hostile}\nnext`), 'a?[2J?1m??b??????é ☺\nnext')
  const json = toJson({ [hostile]: hostile })
  t.notMatch(json, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
  t.match(json, '\\u009b1m\\u0085\\u202eb')
  t.strictSame(JSON.parse(json), { [hostile]: hostile }, 'and it is the same document')
  const { stderr } = terminal(false)
  escaping(stderr).write('{"a":"\u009b"}\n')
  t.equal(stderr.read(), '{"a":"\\u009b"}\n', 'of a log too')
  t.end()
})

test('progress', async (t) => {
  await t.test('changes one line of a terminal', async (t) => {
    const given = terminal(true)
    const progress = showProgress(given)
    progress.show('1 of 2')
    progress.show('2 of 2')
    progress.end()
    t.equal(given.stderr.read(), '\r1 of 2\u001b[K\r2 of 2\u001b[K\n')
  })

  await t.test('is a line every ten seconds elsewhere', async (t) => {
    let now = 0
    const mocked = mock.method(performance, 'now', () => now)
    t.teardown(() => mocked.mock.restore())
    const given = terminal(false)
    const progress = showProgress(given)
    for (now of [0, 1, 9_999, 10_000, 19_999]) progress.show(`at ${now}`)
    progress.end()
    t.equal(given.stderr.read(), 'at 0\nat 10000\n')
  })
})

test('a table has aligned columns, and nothing behind the last', (t) => {
  t.equal(
    table(
      ['NAME', 'ROLE'],
      [
        ['ada', 'x'],
        ['charles', '']
      ]
    ),
    'NAME     ROLE\nada      x\ncharles'
  )
  t.equal(table(['NAME'], []), 'NAME')
  t.end()
})

test('aligned lines', (t) => {
  t.equal(
    align([
      ['name', 'ada'],
      ['a longer one', 'x']
    ]),
    'name          ada\na longer one  x'
  )
  t.equal(align([['\u001b[2J', 'a\tb\u009b1m\u202e', 'é ☺']]), '?[2J  a?b?1m?  é ☺', 'cannot steer a terminal')
  t.equal(align([]), '')
  t.end()
})

test('a number of something', (t) => {
  t.strictSame(
    [0, 1, 2].map((count) => countOf(count, 'session')),
    ['0 sessions', '1 session', '2 sessions']
  )
  t.end()
})
