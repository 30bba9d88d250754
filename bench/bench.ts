/**
 * Measures the service on both databases, beside a bare Fastify and bcrypt alone: everything that `npm run compare`
 * measures, and how it scales with clients and accounts. Reports what got worse since the last result in
 * bench/results/.
 *
 *   npm run bench -- [--quick] [--database postgres://postgres@127.0.0.1:5432/postgres] [--save]
 *
 * Without --database it starts a server of its own with Debian's PostgreSQL programs. Linux only. `--help` lists all
 * options.
 */
import { runBench } from './bench/command.ts'

process.exitCode = await runBench(process.argv.slice(2), process)
