import { test } from 'tap'
import { align, table } from '../../../src/cli/table.ts'

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
