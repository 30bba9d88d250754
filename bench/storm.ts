/**
 * Logins by the dozen, and clients that hold connections: does everything else stay quick, does hashing keep all that it
 * is given, and does what was held come back?
 *
 *   npm run build && node --import tsx bench/storm.ts
 *   node --import tsx bench/storm.ts latency burst slow pools
 *
 * On a machine with nothing else to do, or the figures are noise. It makes servers of its own in the folder for temporary
 * files with the programs of Debian's PostgreSQL, and puts them away. Linux only. The one who asks shares the cores with
 * the one who is asked: a server that does nothing, asked in the same way at the same time, shows how late it is by
 * itself. It takes about eight minutes, prints tables, and ends with 1 when a target was not met.
 */
import { describeMachine } from './shared/machine.ts'
import { note, runParts } from './shared/report.ts'
import { loginsAtOnce } from './storm/burst.ts'
import { slowClients } from './storm/slow.ts'
import { loginsAllTheTime, twoPools } from './storm/storming.ts'

for (const line of describeMachine()) note(line)
await runParts({ latency: loginsAllTheTime, burst: loginsAtOnce, slow: slowClients, pools: twoPools })
