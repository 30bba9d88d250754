/**
 * Subjects the service to what a database, a network and an operator may do to it: a PostgreSQL that stops, crashes,
 * hangs, runs out of connections or disk, becomes read-only, fails over, or is behind PgBouncer; a network that drops
 * packets; and signals. Checks throughout that the contract holds: DATABASE_UNAVAILABLE within seconds, routes without
 * the database unaffected, no acknowledged write lost, and no restart of the service.
 *
 *   npm run build && node --import tsx bench/outages.ts
 *   node --import tsx bench/outages.ts network stopping
 *
 * Starts its own servers in the temporary directory with Debian's PostgreSQL programs (and PgBouncer, if installed),
 * and removes them at the end. Linux only. Without root, full disks (which need mounts) and failover by name are
 * skipped. Takes about ten minutes, prints one line for each check, and exits with 1 if one failed.
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
