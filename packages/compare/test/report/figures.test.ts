import { test } from 'tap'
import { heading, MEASURES, Notebook, number } from '../../src/report/figures.ts'

test('three digits count', (t) => {
  const cases = [
    [0, '0.00'],
    [0.01234, '0.0123'],
    [0.987, '0.987'],
    [1, '1.00'],
    [9.876, '9.88'],
    [98.76, '98.8'],
    [987.6, '988'],
    [12_345, '12,300'],
    [999.6, '1,000'],
    [-12.34, '-12.3']
  ] as const
  for (const [value, text] of cases) t.equal(number(value), text)
  t.end()
})

test('a unit is told where the words do not say it', (t) => {
  t.equal(heading(MEASURES.secretRate), 'answers a second')
  t.equal(heading(MEASURES.secretCpu), 'CPU time a request, µs')
  t.end()
})

test('a notebook keeps each value in its round', (t) => {
  const notes = new Notebook()
  notes.note('secretRate', 'a', 1)
  notes.round = 2
  notes.note('secretRate', 'a', 3)
  notes.note('memory', 'a', null)
  notes.note('secretP99', 'a', Number.NaN)
  notes.note('loginRate', 'a', Number.POSITIVE_INFINITY)
  const sheet = new Notebook()
  sheet.note('secretRate', 'b', 7)
  sheet.note('startUp', 'b', null)
  notes.take(sheet)
  t.strictSame(notes.figures, {
    secretRate: { a: [1, null, 3], b: [null, null, 7] },
    memory: { a: [null, null, null] },
    secretP99: { a: [null, null, null] },
    loginRate: { a: [null, null, null] },
    startUp: { b: [null, null, null] }
  })
  t.end()
})
