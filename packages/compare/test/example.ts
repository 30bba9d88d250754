import type { Result } from '../src/report/result.ts'

/** A result with a bit of everything. */
export const example = (changed: Partial<Result> = {}): Result => ({
  kind: 'comparison',
  at: '2026-11-25T07:00:00.000Z',
  command: "npm run compare -- a=http://127.0.0.1:1 'b & c=http://127.0.0.1:2'",
  commit: '0123456789',
  machine: { processor: 'A Processor', cores: 2, memory: 16_384, system: 'Linux 6.1' },
  versions: { node: '24.1.0', autocannon: '9.0.0' },
  settings: { rounds: 3, seconds: 4, connections: 50, clients: 16, storm: 32, cost: 12 },
  targets: [
    { name: 'a', url: 'http://127.0.0.1:1', contract: 'keeps the core', differences: [] },
    { name: 'b & c', url: 'http://127.0.0.1:2', contract: 'keeps the core', differences: ['422 for <400>'] }
  ],
  figures: {
    secretRate: { a: [10_000, 12_000, 11_000], 'b & c': [5000, 6100, 5500] },
    secretCpu: { a: [90, 80, 85], 'b & c': [null, null, null] },
    loginRate: { a: [9.5, 9.7, 9.6], 'b & c': [9.6, 9.6, 9.5] },
    loginShare: { a: [95, 97, 96], 'b & c': [96, 96, 95] },
    stormP99: { a: [3, 2.5, 4], 'b & c': [30, 25, 41] }
  },
  bcrypt: [10, 10, 10],
  control: [1.5, 2, 1],
  others: [0.01, 0.05, 0.02],
  curves: [],
  ...changed
})

export const curve = {
  title: '/me by clients',
  x: 'clients',
  label: 'answers a second',
  unit: '/s',
  better: 'more' as const,
  series: { a: [1, 8, 64].map((x) => ({ x, values: [x * 10, x * 11, x * 12] })) }
}

/** A name that breaks out of an element or an attribute, unless it is escaped. */
export const HOSTILE = `</title></style></svg>"'><script>alert(1)</script><img src=x onerror=alert(1)>&lt;`
