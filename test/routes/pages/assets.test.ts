import { readFileSync } from 'node:fs'
import { test } from 'tap'
import { answer, build } from '../../helpers/app.ts'

const FOR_EVER = 'public, max-age=31536000, immutable'
const SVG = '<svg xmlns="http://www.w3.org/2000/svg"></svg>'

test('the files of the pages', async (t) => {
  const folder = t.testdir({ 'style.css': 'p { color: red }', 'logo.svg': SVG })
  const fastify = await build(t, { environment: { PAGES_FOLDER: folder } })
  const { sheet, ownSheet, script, logo } = fastify.pages.assets

  await t.test('are sent with their types, and may be kept', async (t) => {
    const source = (name: string) => readFileSync(new URL(`../../../pages/${name}`, import.meta.url), 'utf8')
    const rows: [path: string | undefined, type: string, caching: string, body: string][] = [
      [sheet.path, 'text/css; charset=utf-8', FOR_EVER, source('style.css')],
      [ownSheet?.path, 'text/css; charset=utf-8', FOR_EVER, 'p { color: red }'],
      [script.path, 'text/javascript; charset=utf-8', FOR_EVER, source('passkeys.js')],
      [logo?.path, 'image/svg+xml', 'public, max-age=3600', SVG]
    ]
    for (const [path, type, caching, body] of rows) {
      const response = await fastify.inject(`/${path}`)
      t.strictSame([response.statusCode, response.body], [200, body], String(path))
      t.match(response.headers, {
        'content-type': type,
        'cache-control': caching,
        'x-content-type-options': 'nosniff',
        'content-security-policy': /default-src 'none'.* sandbox$/
      })
      t.equal((await fastify.inject({ method: 'HEAD', url: `/${path}` })).statusCode, 200)
    }
  })

  await t.test('are those of the pages', async (t) => {
    const { body } = await fastify.inject('/pages/login')
    for (const file of [sheet, ownSheet, script, logo]) t.match(body, `../${file?.path}"`)
  })

  await t.test('have no other names, and take no query', async (t) => {
    const names = ['assets/x.css', 'assets/', 'assets/../style.css', 'assets/..%2f..%2fpackage.json', 'texts.en.json']
    for (const name of names) t.equal((await fastify.inject(`/pages/${name}`)).statusCode, 404, name)
    t.match(answer(await fastify.inject(`/${sheet.path}?v=1`)), {
      statusCode: 400,
      body: { code: 'VALIDATION_FAILED' }
    })
  })
})

test('without a folder there are neither a logo nor another sheet', async (t) => {
  const fastify = await build(t)
  t.equal((await fastify.inject('/pages/logo')).statusCode, 404)
  t.equal((await fastify.inject('/pages/login')).body.match(/rel="stylesheet"/g)?.length, 1)
})
