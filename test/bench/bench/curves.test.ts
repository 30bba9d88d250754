import type { Curve } from '@latchkey/compare/report/result'
import { test } from 'tap'
import { curveText } from '../../../bench/bench/curves.ts'

const curve = (changed: Partial<Curve>): Curve => ({
  ...{ title: '/me by accounts', x: 'accounts', label: 'answers a second', unit: '/s', better: 'more' },
  series: {},
  ...changed
})

test('each curve is a table, and what was not measured is a dash', (t) => {
  const series = {
    postgresql: [
      { x: 1000, values: [30, 10, 20] },
      { x: 1e6, values: [5, null, 7] }
    ],
    embedded: [{ x: 1000, values: [null] }]
  }
  t.equal(
    curveText(curve({ series })),
    `/me by accounts: answers a second, /s
  accounts   postgresql         embedded
  1,000      20.0 [10.0..30.0]  –
  1,000,000  6.00 [5.00..7.00]  –`
  )
  t.equal(
    curveText(curve({ title: '/me by clients', x: 'clients' })),
    '/me by clients: answers a second, /s\n  clients'
  )
  t.end()
})
