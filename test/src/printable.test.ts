import { PassThrough } from 'node:stream'
import { test } from 'tap'
import type { Terminal } from '../../src/cli/terminal.ts'
import { escaping, toJson, visible } from '../../src/printable.ts'

function terminal(isTTY: boolean, environment: NodeJS.ProcessEnv = {}) {
  const stdin = Object.assign(new PassThrough(), { isTTY })
  const stderr = Object.assign(new PassThrough({ encoding: 'utf8' }), { isTTY })
  return { stdin, stdout: new PassThrough(), stderr, environment } satisfies Terminal
}

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
