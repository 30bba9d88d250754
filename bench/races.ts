/**
 * Sends 200 concurrent refreshes of one token to several instances, repeatedly. All must get the same successor.
 *
 *   npm run build && node --import tsx bench/races.ts [http://127.0.0.1:3001 http://127.0.0.1:3002]
 *
 * The instances must share a database and have LIMITS=off. Without URLs it starts two instances, on a server of its own
 * with Debian's PostgreSQL programs.
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
