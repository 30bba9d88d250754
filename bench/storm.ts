/**
 * Bursts of logins, and clients that hold connections. Measures whether other requests stay fast, whether hashing keeps
 * its share of the CPU, and whether the memory is released afterwards.
 *
 *   npm run build && node --import tsx bench/storm.ts
 *   node --import tsx bench/storm.ts latency burst slow pools
 *
 * Needs an otherwise idle machine. Starts its own servers in the temporary directory with Debian's PostgreSQL programs,
 * and removes them at the end. Linux only. The clients share the cores with the service, so an idle server that is
 * polled in the same way at the same time shows how much of a latency is the measurement's own. Takes about eight
 * minutes, prints tables, and exits with 1 if a target was not met.
 */
import { describeMachine } from './shared/machine.ts'
import { note, runParts } from './shared/report.ts'
import { loginsAtOnce } from './storm/burst.ts'
import { slowClients } from './storm/slow.ts'
import { loginsAllTheTime, twoPools } from './storm/storming.ts'

for (const line of describeMachine()) note(line)
await runParts({ latency: loginsAllTheTime, burst: loginsAtOnce, slow: slowClients, pools: twoPools })
