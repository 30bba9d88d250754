import { Cluster } from './cluster.ts'

/** As PostgreSQL is when nobody has touched its configuration. */
const SETTINGS = 'max_connections = 100\nshared_buffers = 128MB\nmax_wal_size = 1GB\nlog_connections = off\n'

/** Starts a server of our own, which is gone when the program ends. It cannot be loaded where there is no PostgreSQL. */
export async function startServer(): Promise<string> {
  const cluster = await Cluster.create({ settings: SETTINGS })
  await cluster.admin('ALTER ROLE latchkey CREATEDB')
  return cluster.url()
}
