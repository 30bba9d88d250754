/** Drops databases of a server on behalf of a process that is exiting and cannot wait for it. */
import pg from 'pg'

const client = new pg.Client({ connectionString: `${process.env.SERVER}`, connectionTimeoutMillis: 5000 })
await client.connect()
for (const name of process.argv.slice(2)) await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
await client.end()
