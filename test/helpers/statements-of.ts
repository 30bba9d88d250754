import type { FastifyInstance } from 'fastify'
import type { PoolClient } from 'pg'

/** What is sent to the database while something happens: the first word of each statement. */
export async function statementsOf({ pg }: FastifyInstance, happen: () => Promise<unknown>): Promise<string[]> {
  const statements: string[] = []
  const pool = pg.pool as { connect(): Promise<PoolClient> }
  const { connect } = pool
  pool.connect = async () => {
    const client = await connect.call(pool)
    const { query, release } = client
    const watched = (config: { text: string } | string, ...rest: unknown[]) => {
      const text = typeof config === 'string' ? config : config.text
      statements.push(String(/^\s*(\w+)/.exec(text)?.[1]))
      return (query as unknown as (...given: unknown[]) => unknown).call(client, config, ...rest)
    }
    client.query = watched as never
    client.release = (broken) => {
      Object.assign(client, { query, release })
      release.call(client, broken)
    }
    return client
  }
  await happen().finally(() => {
    pool.connect = connect
  })
  return statements
}
