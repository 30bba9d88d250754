import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import type { Place } from '../../../bench/bench/programs.ts'
import type { Store, Stores } from '../../../bench/bench/stores.ts'

const FILE = fileURLToPath(new URL('service.js', import.meta.url))

/** Services that start at once, and what was imported into them and when they were stopped. */
export function fakes(t: Test) {
  const folder = t.testdir()
  const log = join(folder, 'imported')
  const place: Place = { programs: { service: [FILE], latchkey: [FILE] }, folder }
  const store = (name: string, fault = ''): Store => ({ name, environment: { IMPORTED: log, FAULT: fault } })
  const stores: Stores = {
    empty: async () => [store('one'), store('other')],
    versions: { postgresql: '17.5' },
    close: async () => {}
  }
  return { place, store, stores, imported: () => (existsSync(log) ? readFileSync(log, 'utf8') : '') }
}
