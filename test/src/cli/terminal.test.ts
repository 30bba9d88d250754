import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { test } from 'tap'
import { confirmed, readSecret, type Terminal } from '../../../src/cli/terminal.ts'
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
      t.equal(message, 'Standard input is not UTF-8 text.')
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
      t.match(given.stderr.read(), /^ada\?\[2J would go\.\n.*Type yes to continue: /s)
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
