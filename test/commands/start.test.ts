import { test } from 'tap'
import { run } from '../helpers/command.ts'

const SERVER = 'data:text/javascript,process.emit("started")'

test('start runs the service', async (t) => {
  let starts = 0
  process.once('started', () => {
    starts += 1
  })
  t.strictSame(await run(['start'], {}, {}, SERVER), { code: 0, stdout: '', stderr: '' })
  t.equal(starts, 1)
})

test('start takes no argument, and --help starts nothing', async (t) => {
  const server = 'data:text/javascript,throw new Error("started")'
  const { code, stderr } = await run(['start', '3000'], {}, {}, server)
  t.equal(code, 2)
  t.match(stderr, 'too many arguments')
  const help = await run(['start', '--help'], {}, {}, server)
  t.equal(help.code, 0)
  t.match(help.stdout, /^Usage: latchkey start .*\n\nrun the service until a signal stops it\n/)
})
