import { test } from 'tap'
import { figure, Notebook, number } from '../../../bench/compare/figures.ts'

test('three digits count', (t) => {
  const cases = [
    [0, '0.00'],
    [0.0123, '0.01'],
    [0.987, '0.99'],
    [1, '1.00'],
    [9.876, '9.88'],
    [98.76, '98.8'],
    [987.6, '988'],
    [12_345, '12,300'],
    [-12.34, '-12.3']
  ] as const
  for (const [value, text] of cases) t.equal(number(value), text)
  t.equal(figure(4.5, 'ms'), '4.50 ms')
  t.end()
})

test('a notebook keeps each value in its round', (t) => {
  const notes = new Notebook()
  notes.note('secretRate', 'a', 1)
  notes.round = 2
  notes.note('secretRate', 'a', 3)
  notes.note('memory', 'a', null)
  notes.note('secretP99', 'a', Number.NaN)
  const sheet = new Notebook()
  sheet.note('secretRate', 'b', 7)
  notes.take(sheet)
  t.strictSame(notes.figures, {
    secretRate: { a: [1, null, 3], b: [null, null, 7] },
    memory: { a: [null, null, null] },
    secretP99: { a: [null, null, null] }
  })
  t.end()
})
