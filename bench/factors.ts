/**
 * Second factors and passkeys while processes die, behind PgBouncer, and during an upgrade:
 *
 * - `killed`: `kill -9` between the steps of sign-ins and during the second one, on both databases. A step is valid at the
 *   next process; one in flight used its step and its code and opened a session, or did nothing.
 * - `pgbouncer`: two instances behind PgBouncer in transaction mode; skipped if it is not installed.
 * - `upgrade`: an instance of the last version without second factors beside a new one. BEFORE names its folder, built:
 *   `git worktree add ../before 266b9b0 && cd ../before && npm ci && npm run build`; skipped without.
 *
 *   npm run build && BEFORE=../before node --import tsx bench/factors.ts
 *   node --import tsx bench/factors.ts killed
 *
 * Starts its own servers with Debian's PostgreSQL programs. Takes about three minutes, and exits with 1 if a check failed.
 */
import { killed } from './factors/killed.ts'
import { behindPgBouncer } from './factors/pooled.ts'
import { besideBefore } from './factors/upgrade.ts'
import { runParts } from './shared/report.ts'

await runParts({ killed, pgbouncer: behindPgBouncer, upgrade: besideBefore })
