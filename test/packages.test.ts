import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'tap'
import { ACTIONS as CONSOLE_ACTIONS, SCOPES as CONSOLE_SCOPES } from '../packages/console/src/vocabulary.ts'
import { SCOPES } from '../src/admin/scopes.ts'
import { ACTIONS } from '../src/schemas/admin/actions.ts'
import { importsOf } from './helpers/house.ts'

const root = new URL('../', import.meta.url)
const read = (path: string) => readFileSync(new URL(path, root), 'utf8')

/** What the files of a folder import: paths from the root, and names of packages. */
function importsIn(folder: string) {
  return readdirSync(new URL(folder, root), { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.(?:[jt]s|tsx|mjs)$/.test(file) && !file.includes('node_modules'))
    .map((file) => ({ file: `${folder}/${file}`, ...importsOf(`${folder}/${file}`, read(`${folder}/${file}`)) }))
}

/** `name` or `@scope/name` of what is imported by name. */
const packageOf = (specifier: string) => /^(?:@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? ''

test('the service imports only packages that are installed with it', async (t) => {
  const { dependencies } = JSON.parse(read('package.json')) as { dependencies: object }
  for (const { file, packages } of ['src', 'plugins', 'routes', 'commands'].flatMap(importsIn)) {
    const undeclared = packages.map(packageOf).filter((each) => !each.startsWith('node:') && !(each in dependencies))
    t.strictSame(undeclared, [], file)
  }
})

for (const name of readdirSync(new URL('packages', root))) {
  const folder = `packages/${name}`
  const { dependencies, devDependencies } = JSON.parse(read(`${folder}/package.json`))
  const declared = { ...dependencies, ...devDependencies }

  test(`${folder} imports nothing of the service, and only packages that it declares`, async (t) => {
    const imports = importsIn(folder)
    t.not(imports.length, 0)
    for (const { file, own, packages } of imports) {
      const undeclared = packages.map(packageOf).filter((each) => !each.startsWith('node:') && !(each in declared))
      t.strictSame([own.filter((path) => !path.startsWith('packages/')), undeclared], [[], []], file)
    }
  })
}

test('the service imports none of them', async (t) => {
  for (const { file, packages } of ['src', 'plugins', 'routes', 'commands'].flatMap(importsIn)) {
    t.strictSame(
      packages.filter((each) => each.startsWith('@latchkey/')),
      [],
      file
    )
  }
})

test('the console knows the words of the service', async (t) => {
  t.strictSame(CONSOLE_ACTIONS, ACTIONS)
  t.strictSame(
    CONSOLE_SCOPES.map(([scope]) => scope),
    Object.keys(SCOPES)
  )
})
