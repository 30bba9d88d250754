import type { FastifyInstance } from 'fastify'
import type { PoolClient } from 'pg'

/** What is sent to the database while something happens: the first word of each statement. */
export async function statementsOf(fastify: FastifyInstance, happen: () => Promise<unknown>): Promise<string[]> {
  return (await textsOf(fastify, happen)).map((text) => String(/^\s*(\w+)/.exec(text)?.[1]))
}

/** The text of each statement that is sent to the database while something happens. */
export async function textsOf({ pg }: FastifyInstance, happen: () => Promise<unknown>): Promise<string[]> {
  const statements: string[] = []
  const pool = pg.pool as { connect(): Promise<PoolClient> }
  const { connect } = pool
  pool.connect = async () => {
    const client = await connect.call(pool)
    const { query, release } = client
    const watched = (config: { text: string } | string, ...rest: unknown[]) => {
      statements.push(typeof config === 'string' ? config : config.text)
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
