/**
 * Signing in with other providers while processes die, and over several instances:
 *
 * - `killed`: `kill -9` between the redirect to the provider and its answer, before the name of a new account, and while
 *   answers are in flight, on both databases.
 * - `haproxy`: two instances behind HAProxy with deploy/haproxy.cfg: answers arrive at the other one, also of one new person
 *   at once; one instance is killed on the way; the provider does not answer fifty people.
 * - `pgbouncer`: two instances behind PgBouncer in transaction mode; skipped if it is not installed.
 *
 *   npm run build && node --import tsx bench/federation.ts
 *   node --import tsx bench/federation.ts killed
 *
 * Starts its own provider on loopback, and its own servers with Debian's PostgreSQL and HAProxy programs. Takes about two
 * minutes, and exits with 1 if a check failed.
 */
import { behindHaProxy, behindPgBouncer } from './federation/instances.ts'
import { killed } from './federation/killed.ts'
import { runParts } from './shared/report.ts'

await runParts({ killed, haproxy: behindHaProxy, pgbouncer: behindPgBouncer })
