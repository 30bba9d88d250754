import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import Fastify from 'fastify'
import app, { options } from '../../src/app.ts'
import { readConfig } from '../../src/config/config.ts'

/**
 * Writes the OpenAPI document to the file named: as the service gives it, but without a port or a folder of data, and
 * with the routes that need a key.
 */
const [path = 'dist/openapi.json'] = process.argv.slice(2)
const config = readConfig({
  SECRET_KEY: 'only for this document, and long enough to be one',
  PUBLIC_URL: 'https://auth.example.org',
  INTROSPECTION_KEY: 'only for this document, and long enough to be one'
})

const fastify = Fastify({ ...options, logger: false })
await fastify.register(app, { config, pglite: await PGlite.create() })
const { statusCode, body } = await fastify.inject('/openapi.json')
if (statusCode !== 200) throw new Error(`GET /openapi.json answered ${statusCode}: ${body}`)
mkdirSync(dirname(path), { recursive: true })
writeFileSync(path, `${JSON.stringify(JSON.parse(body), null, 2)}\n`)
await fastify.close()
