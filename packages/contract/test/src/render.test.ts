import { test } from 'tap'
import { renderProgress, renderReport } from '../../src/render.ts'
import type { ContractReport } from '../../src/report.ts'

const report: ContractReport = {
  url: 'http://127.0.0.1:8000',
  name: 'Ours',
  scope: 'core',
  kept: false,
  counts: { holds: 1, differs: 1, fails: 1, 'not checked': 1 },
  sections: [
    {
      title: 'Conventions',
      expectations: [
        { title: 'one', state: 'holds', details: [] },
        { title: 'two', state: 'differs', details: ['422 in place of 400'] }
      ]
    },
    {
      title: 'The heart',
      expectations: [
        { title: 'three', state: 'fails', details: ['a', 'b', 'c', 'd', 'e', 'f', 'g'] },
        { title: 'four', state: 'not checked', details: ['no way to it'] }
      ]
    }
  ]
}

test('a report is grouped by section, and ends with the verdict', (t) => {
  t.equal(
    renderReport(report, false),
    `Ours at http://127.0.0.1:8000: the core of the contract

Conventions
  ✓ one
  ≠ two
      422 in place of 400

The heart
  ✗ three
      a
      b
      c
      d
      e
      f
      and 1 more
  – four (not checked)
      no way to it

Not kept: 1 to the letter, 1 in its dialect, 1 not, 1 not checked.
`
  )
  t.match(renderReport(report, true), '\u001b[32m✓\u001b[39m one', 'in colours')
  const { name: _, ...nameless } = report
  const counts = { holds: 1, differs: 0, fails: 0, 'not checked': 0 }
  const whole = renderReport({ ...nameless, scope: 'whole', kept: true, counts, sections: [] }, false)
  t.equal(whole, 'The service at http://127.0.0.1:8000: the whole contract\n\nKept: 1 to the letter.\n')
  t.equal(renderProgress('Limits', { title: 'one', state: 'fails', details: [] }), '✗ Limits: one')
  t.end()
})
