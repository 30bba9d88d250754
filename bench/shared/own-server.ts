import { Cluster } from './cluster.ts'

/** The default configuration of PostgreSQL. */
const SETTINGS = 'max_connections = 100\nshared_buffers = 128MB\nmax_wal_size = 1GB\nlog_connections = off\n'

/** Starts a PostgreSQL server that is removed at exit. Importing this module fails without an installed PostgreSQL. */
export async function startServer(): Promise<string> {
  const cluster = await Cluster.create({ settings: SETTINGS })
  await cluster.admin('ALTER ROLE latchkey CREATEDB')
  return cluster.url()
}
