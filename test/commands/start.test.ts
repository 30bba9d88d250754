import { test } from 'tap'
import { run } from '../helpers/command.ts'

test('start runs the service', async (t) => {
  let starts = 0
  const serve = async () => {
    starts += 1
  }
  t.strictSame(await run(['start'], {}, {}, serve), { code: 0, stdout: '', stderr: '' })
  t.equal(starts, 1)
})

test('start takes no argument, and --help starts nothing', async (t) => {
  const serve = async () => {
    t.fail('does not start')
  }
  const { code, stderr } = await run(['start', '3000'], {}, {}, serve)
  t.equal(code, 2)
  t.match(stderr, 'too many arguments')
  const help = await run(['start', '--help'], {}, {}, serve)
  t.equal(help.code, 0)
  t.match(help.stdout, /^Usage: latchkey start .*\n\nrun the service until a signal stops it\n/)
})
