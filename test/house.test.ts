import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'tap'
import { checkHouse, FLOORS, findCircles } from './helpers/house.ts'

const root = new URL('../', import.meta.url)

const readProduct = () => readSources(['src', 'plugins', 'routes', 'commands'])

function readSources(folders: string[]): Map<string, string> {
  const paths = folders.flatMap((folder) =>
    readdirSync(new URL(folder, root), { recursive: true, encoding: 'utf8' }).map((path) => `${folder}/${path}`)
  )
  const files = paths.filter((path) => /\.[jt]s$/.test(path) && !path.includes('/node_modules/'))
  return new Map(files.map((path) => [path, readFileSync(new URL(path, root), 'utf8')]))
}

test('every file is in a room, and imports run one way', async (t) => {
  t.strictSame(checkHouse(readProduct()), [])
})

test('each plugin is registered', async (t) => {
  const product = readProduct()
  const plugins = [...product].flatMap(([path, source]) =>
    path.startsWith('plugins/') && source.includes('export default fp') ? [path] : []
  )
  t.strictSame(
    plugins.filter((path) => !product.get('src/app.ts')?.includes(`'../${path}'`)),
    []
  )
})

test('the plugins that are left out inside another application are those of two rooms, and the welcome', async (t) => {
  const source = String(readProduct().get('src/app.ts'))
  const [, listed = ''] = /OF_OUR_SERVER.*? = new Set\(\[([^\]]*)\]/.exec(source) ?? []
  const paths = new Map(
    [...source.matchAll(/^import (\w+) from '\.\.\/(plugins\/[^']+)'$/gm)].map(([, name, path]) => [name, path])
  )
  const expected = [...paths.values()].filter((path) =>
    /^plugins\/(transport|observability)\/|^plugins\/welcome\.ts$/.test(String(path))
  )
  t.strictSame(
    listed
      .split(',')
      .map((name) => paths.get(name.trim()))
      .sort(),
    expected.sort()
  )
})

test('each room on the list is there', async (t) => {
  t.strictSame(FLOORS.flat().sort(), readdirSync(new URL('src', root)).sort())
})

test('the packages and the benchmarks have no circular imports', async (t) => {
  const sources = readSources(['packages', 'bench'])
  t.ok(sources.has('packages/contract/src/report.ts') && sources.has('bench/storm.ts'))
  t.strictSame(findCircles(sources), [])
})

test('a circular import of types among the packages is reported', async (t) => {
  const files = {
    'packages/contract/src/check.ts': "import { run } from './run.ts'\nimport type { Report } from './report.ts'",
    'packages/contract/src/run.ts':
      "import type { Options } from './check.ts'\nimport type { Report } from './report.ts'",
    'packages/contract/src/report.ts': '',
    'bench/storm.ts': "import '../packages/contract/src/check.ts'"
  }
  t.strictSame(findCircles(new Map(Object.entries(files))), [
    'packages/contract/src/check.ts and packages/contract/src/run.ts import each other in a circle'
  ])
})

test('reports each kind of violation', async (t) => {
  const faults: [what: string, files: Record<string, string>, fault: string][] = [
    [
      'an import of a higher floor',
      {
        'src/users/users.ts': "import type { Session } from '../sessions/sessions.ts'",
        'src/sessions/sessions.ts': ''
      },
      'src/users/users.ts imports src/sessions/sessions.ts, which is not on a lower floor'
    ],
    [
      'an import of the same floor',
      { 'src/users/users.ts': "export { chain } from '../audit/chain.ts'", 'src/audit/chain.ts': '' },
      'src/users/users.ts imports src/audit/chain.ts, which is not on a lower floor'
    ],
    [
      'an import of an entrance',
      { 'src/users/users.ts': "import app from '../app.ts'", 'src/app.ts': '' },
      'src/users/users.ts imports src/app.ts, which is not on a lower floor'
    ],
    [
      'a file of the lowest floor that imports a room',
      { 'src/errors.ts': "import { fold } from './users/names.ts'", 'src/users/names.ts': '' },
      'src/errors.ts imports src/users/names.ts, which is not on a lower floor'
    ],
    [
      'an import across the layers',
      { 'src/users/users.ts': "const it = await import('../../plugins/audit.ts')", 'plugins/audit.ts': '' },
      'src/users/users.ts imports plugins/audit.ts: src may not import plugins'
    ],
    [
      'a route that another layer imports',
      { 'plugins/audit.ts': "import '../routes/login.ts'", 'routes/login.ts': '' },
      'plugins/audit.ts imports routes/login.ts: plugins may not import routes'
    ],
    [
      'an import of a file that is not shipped',
      { 'plugins/audit.ts': "import { build } from '../test/helpers/app.ts'" },
      'plugins/audit.ts imports test/helpers/app.ts, which is not part of the product'
    ],
    [
      'an import of Fastify where it is not allowed',
      { 'src/users/users.ts': "import type { FastifyRequest } from 'fastify'" },
      'src/users/users.ts imports fastify: this file may not import Fastify'
    ],
    [
      'an import of a plugin of Fastify where it is not allowed',
      { 'commands/doctor.ts': "import jwt from '@fastify/jwt'" },
      'commands/doctor.ts imports @fastify/jwt: this file may not import Fastify'
    ],
    [
      'a circle of types',
      {
        'src/mail/one.ts': "import type { Two } from './two.ts'",
        'src/mail/two.ts': "import type { Three } from './three.ts'",
        'src/mail/three.ts': "import { one } from './one.ts'"
      },
      'src/mail/one.ts and src/mail/three.ts and src/mail/two.ts import each other in a circle'
    ],
    ['a room that is on no floor', { 'src/attic/chest.ts': '' }, 'src/attic/chest.ts is on no floor'],
    ['a file without a room', { 'src/chest.ts': '' }, 'src/chest.ts is on no floor'],
    [
      'a room with too many files',
      Object.fromEntries(Array.from({ length: 15 }, (_, index) => [`src/users/file-${index}.ts`, ''])),
      'src/users/ has 15 files; the limit is 14'
    ],
    [
      'too many plugins outside of rooms',
      Object.fromEntries(Array.from({ length: 9 }, (_, index) => [`plugins/file-${index}.ts`, ''])),
      'plugins/ has 9 files; the limit is 8'
    ],
    [
      'an import of a higher floor in a folder of a room',
      { 'src/mail/letters/one.ts': "import '../../flows/login.ts'", 'src/flows/login.ts': '' },
      'src/mail/letters/one.ts imports src/flows/login.ts, which is not on a lower floor'
    ],
    [
      'a circle through a folder of a room',
      {
        'src/mail/letters/one.ts': "import type { List } from '../list.ts'",
        'src/mail/list.ts': "import { one } from './letters/one.ts'"
      },
      'src/mail/letters/one.ts and src/mail/list.ts import each other in a circle'
    ],
    [
      'a folder of a room with too many files',
      Object.fromEntries(Array.from({ length: 15 }, (_, index) => [`src/mail/letters/file-${index}.ts`, ''])),
      'src/mail/letters/ has 15 files; the limit is 14'
    ],
    ['a file that is too long', { 'routes/me.ts': '\n'.repeat(301) }, 'routes/me.ts has 301 lines; the limit is 300']
  ]
  for (const [what, files, fault] of faults) t.strictSame(checkHouse(new Map(Object.entries(files))), [fault], what)
})

test('reports nothing for a structure that follows the rules', async (t) => {
  const files = {
    'src/clock.ts': '',
    'src/users/names.ts': "import '../clock.ts'\nimport 'node:fs'\nimport pg from 'pg'",
    'src/users/users.ts': "import './names.ts'",
    'src/mail/letters/one.ts': "import '../../users/users.ts'",
    'src/mail/list.ts': "import './letters/one.ts'",
    'src/flows/login.ts': "import '../users/users.ts'",
    'src/app.ts': "import './flows/login.ts'\nimport './clock.ts'\nimport 'fastify'",
    'plugins/users/users.ts': "import '../../src/users/users.ts'\nimport fp from 'fastify-plugin'",
    'routes/me.ts': "import type {} from '../plugins/users/users.ts'\nimport '../src/flows/login.ts'",
    'commands/users/list.ts': "import '../../src/users/users.ts'\nimport '../../plugins/users/users.ts'"
  }
  t.strictSame(checkHouse(new Map(Object.entries(files))), [])
})
