/**
 * Measures our own service on both databases, beside a bare Fastify and bcrypt alone: what `npm run compare` measures,
 * and how it grows with clients and accounts. Says what got worse since the last result in bench/results/.
 *
 *   npm run bench -- [--quick] [--database postgres://postgres@127.0.0.1:5432/postgres] [--save]
 *
 * Without --database it makes a server of its own with the programs of Debian's PostgreSQL. Linux only. `--help` says
 * what else there is.
 */
import { runBench } from './bench/command.ts'

process.exitCode = await runBench(process.argv.slice(2), process)
