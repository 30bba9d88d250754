/**
 * 200 refreshes of one token at once over several instances, again and again: each time all of them must get one and the
 * same successor.
 *
 *   npm run build && node --import tsx bench/races.ts [http://127.0.0.1:3001 http://127.0.0.1:3002]
 *
 * The instances share a database, and have LIMITS=off. Without any it starts two, on a server of its own with the
 * programs of Debian's PostgreSQL.
 */
import { raceRefreshes } from './outages/races.ts'
import { Cluster } from './shared/cluster.ts'
import { finish } from './shared/report.ts'
import { Service } from './shared/service.ts'

const given = process.argv.slice(2)
await raceRefreshes(given.length > 0 ? given : await startTwo())
finish()

async function startTwo(): Promise<string[]> {
  const databaseUrl = (await Cluster.create()).url()
  const one = await Service.start({ databaseUrl })
  return [one.base, (await Service.start({ databaseUrl })).base]
}
