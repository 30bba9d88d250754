import { load } from '@latchkey/compare/measure/load'
import { rotate } from '@latchkey/compare/measure/rounds'
import { rate } from '@latchkey/compare/measure/statistics'
import type { Subject } from '@latchkey/compare/measure/subject'
import type { Curve } from '@latchkey/compare/report/result'
import type { Growth } from './growth.ts'

/** Measures the throughput of a route without the database and of one with it, by the number of clients. */
export async function growClients(subjects: Subject[], growth: Growth): Promise<Curve[]> {
  return [await overClients('/secret', subjects, growth), await overClients('/me', subjects, growth)]
}

async function overClients(path: string, subjects: Subject[], growth: Growth): Promise<Curve> {
  const { clients, rounds, seconds, progress } = growth
  const series: Curve['series'] = {}
  for (const { name } of subjects) series[name] = clients.map((x) => ({ x, values: [] }))
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, connections] of clients.entries()) {
      for (const subject of rotate(subjects, round)) {
        const done = (round * clients.length + index) / (rounds * clients.length)
        progress(`${path} by clients: round ${round + 1} of ${rounds}, ${connections}, ${subject.name}`, done)
        const url = new URL(path, subject.url('secret'))
        await subject.renew()
        const { headers } = subject
        const { ends } = await load({ url, method: 'GET', headers, expected: 200, connections, until: { seconds } })
        series[subject.name]?.[index]?.values.push(rate(ends))
      }
    }
  }
  return { title: `${path} by clients`, x: 'clients', label: 'answers a second', unit: '/s', better: 'more', series }
}
