/**
 * Tries for real what a database, a network and an operator may do to the service: a PostgreSQL that stops, dies, hangs,
 * has no connection or disk left or takes no writes, fails over, or is behind PgBouncer; a network that is silent; and
 * signals. Each time it asks all the while whether the contract holds: DATABASE_UNAVAILABLE within seconds, everything
 * else as ever, nothing that was acknowledged lost, and no restart of the service.
 *
 *   npm run build && node --import tsx bench/outages.ts
 *   node --import tsx bench/outages.ts network stopping
 *
 * It makes servers of its own in the folder for temporary files, with the programs of Debian's PostgreSQL (and of its
 * PgBouncer, where there is one), and puts them away. Linux only. Some of it is skipped without root: full disks, which
 * takes mounting, and failing over by name. It takes about ten minutes, prints a line for each promise, and ends with 1
 * when one was not kept.
 */
import { fullDisks, networkOutages, serverOutages } from './outages/databases.ts'
import { failovers } from './outages/failover.ts'
import { behindPgBouncer } from './outages/pgbouncer.ts'
import { starts } from './outages/starting.ts'
import { stops } from './outages/stopping.ts'
import { runParts } from './shared/report.ts'

await runParts({
  server: serverOutages,
  network: networkOutages,
  disk: fullDisks,
  failover: failovers,
  pgbouncer: behindPgBouncer,
  starting: starts,
  stopping: stops
})
