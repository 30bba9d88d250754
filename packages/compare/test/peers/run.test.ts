import { test } from 'tap'
import { run } from '../../src/peers/run.ts'

test('a program is run to its end, and what it said is told', (t) => {
  const folder = t.testdir({})
  const said = 'echo "$WORD"; pwd -P; echo also >&2'
  const options = { folder, environment: { WORD: 'hello' } }
  t.strictSame(run('sh', ['-c', said], options), { isDone: true, output: `hello\n${folder}\nalso` })
  t.strictSame(run('sh', ['-c', 'echo "no such thing"; exit 3']), { isDone: false, output: 'no such thing' })
  t.match(run('no-such-program-anywhere', []), { isDone: false, output: /ENOENT/ })
  t.end()
})
