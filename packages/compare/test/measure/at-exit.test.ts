import { spawnSync } from 'node:child_process'
import { test } from 'tap'

const MODULE = new URL('../../src/measure/at-exit.ts', import.meta.url).href
const TYPES = import.meta.resolve('tsx')

/** Runs a program that cleans up. @returns its exit code and its output */
function run(program: string, before: string[] = []): [code: number | null, said: string] {
  const code = `import { atExit } from '${MODULE}'\nconst say = (word) => () => process.stdout.write(word + '\\n')\n${program}`
  const words = ['--import', TYPES, '--input-type=module', '-e', code]
  const [first = '', ...rest] = [...before, process.execPath, ...words]
  const { status, stdout } = spawnSync(first, rest, { encoding: 'utf8' })
  return [status, stdout]
}

test('at the end everything is put away, the last first', (t) => {
  t.strictSame(run("atExit(say('first'))\natExit(say('last'))"), [0, 'last\nfirst\n'])
  t.end()
})

test('what was put away before is not put away again, but where somebody asks for it', (t) => {
  const program = "const undo = atExit(say('it'))\nundo()\nsay('-')()\nundo()\nsay('-')()\natExit(say('other'))"
  t.strictSame(run(program), [0, 'it\n-\nit\n-\nother\n'])
  t.end()
})

test('one that fails does not keep the others from it', (t) => {
  const program = "atExit(say('first'))\natExit(() => { throw new Error('it is gone') })"
  t.strictSame(run(program), [0, 'could not put away: Error: it is gone\nfirst\n'])
  t.end()
})

test('a signal ends it with 1, and everything is put away', (t) => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    const program = `atExit(say('away'))\nsetInterval(() => {}, 1000)\nprocess.kill(process.pid, '${signal}')`
    t.strictSame(run(program), [1, 'away\n'], signal)
  }
  t.end()
})

test('a signal that comes again does not end the cleanup', (t) => {
  const kill = "process.kill(process.pid, 'SIGTERM')"
  const program = `atExit(say('away'))\natExit(() => ${kill})\nsetInterval(() => {}, 1000)\n${kill}`
  // Without what tap loads into each process, which handles signals too.
  t.strictSame(run(program, ['sh', '-c', 'NODE_OPTIONS= exec "$@"', 'sh']), [1, 'away\n'])
  t.end()
})
