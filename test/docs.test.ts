import { generateKeyPairSync } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path/posix'
import { test } from 'tap'
import { readProviders } from '../src/config/providers-file.ts'
import { PROVIDER_KINDS } from '../src/schemas/identities.ts'
import { build } from './helpers/app.ts'
import { FLOORS } from './helpers/house.ts'

const root = new URL('../', import.meta.url)
const read = (path: string) => readFileSync(new URL(path, root), 'utf8')

/** The files of a folder and of those in it, without what was installed or built. */
function filesIn(folder: string): string[] {
  return readdirSync(new URL(folder, root), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isFile()) return [path]
    return /^(?:\.git|\.tap|node_modules|dist|data)$/.test(entry.name) ? [] : filesIn(`${path}/`)
  })
}

const pages = new Map(
  filesIn('./')
    .filter((path) => path.endsWith('.md'))
    .map((path) => [path, read(path)])
)

/** Markdown without its blocks of code. */
const prose = (markdown: string) => markdown.replaceAll(/^```.*?^```$/gms, '')

/** The anchors that GitHub gives the headings of a page: a title that comes again is numbered. */
function anchorsOf(markdown: string): Set<string> {
  const seen = new Map<string, number>()
  const anchors = [...prose(markdown).matchAll(/^#{1,6} (.+)$/gm)].map(([, title = '']) => {
    const text = title.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase()
    const anchor = text.replaceAll(/[^\p{L}\p{N}\s_-]/gu, '').replaceAll(' ', '-')
    const times = seen.get(anchor) ?? 0
    seen.set(anchor, times + 1)
    return times > 0 ? `${anchor}-${times}` : anchor
  })
  return new Set(anchors)
}

/** Where the links and pictures of a page lead to, but for those to other hosts. */
function linksOf(markdown: string): string[] {
  const text = prose(markdown).replaceAll(/`[^`\n]*`/g, 'code')
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => String(target)).filter((to) => !/^[a-z]+:/.test(to))
}

/** The links of a page that lead nowhere. */
function broken(path: string, markdown: string): string[] {
  return linksOf(markdown).filter((link) => {
    const [file = '', anchor] = link.split('#')
    const target = join(dirname(path), file)
    if (!existsSync(new URL(target, root))) return true
    return anchor !== undefined && !anchorsOf(file === '' ? markdown : String(pages.get(target))).has(anchor)
  })
}

test('every link of every page leads to a file and to a heading in it', (t) => {
  for (const [path, markdown] of pages) t.strictSame(broken(path, markdown), [], path)
  t.end()
})

test('a link that leads nowhere is named', (t) => {
  const markdown = [
    '# A [linked](x.md) title, with `CODE_1`',
    '## Twice',
    '## Twice',
    '```sh\n# no heading\n[none](nowhere.md)\n```',
    '[page](README.md), [folder](deploy/), [elsewhere](https://example.com/x), `[code](nowhere.md)`',
    '[a](#a-linked-title-with-code_1), [b](#twice), [c](#twice-1), [d](README.md#a-session)',
    '[e](nowhere.md), [f](#twice-2), [g](#no-heading), [h](README.md#nothing), ![i](docs/none.svg)'
  ].join('\n\n')
  t.strictSame(broken('page.md', markdown.replace('(x.md)', '(LICENSE)')), [
    'nowhere.md',
    '#twice-2',
    '#no-heading',
    'README.md#nothing',
    'docs/none.svg'
  ])
  t.end()
})

test('every page that a source names is there', (t) => {
  const sources = filesIn('./').filter((path) => /\.(?:[jt]s|mjs|sh|sql|example|yaml|cfg|service)$/.test(path))
  t.ok(sources.includes('src/app.ts') && sources.includes('.env.example'))
  const missing = sources
    .filter((path) => path !== 'test/docs.test.ts')
    .flatMap((path) => {
      const named = [...read(path).matchAll(/(?<![\w./$}-])(?:(?:docs|deploy|bench)\/[\w/-]+|[A-Z]{4,})\.md\b/g)]
      return named
        .map(([page]) => page)
        .filter((page) => !pages.has(page))
        .map((page) => `${path}: ${page}`)
    })
  t.strictSame(missing, [])
  t.end()
})

/** The paths in a text that do not exist, but for what a build makes. In a package, paths may be relative to it. */
function missingPaths(file: string, text: string): string[] {
  const [own = ''] = /^packages\/[^/]+\//.exec(file) ?? []
  return [...text.matchAll(/(?<![\w./$}@-])(?:src|plugins|routes|commands|test|bench|packages)\/[\w./-]+/g)]
    .map(([path]) => path.replace(/[./]+$/, ''))
    .filter((path) => !/^packages\/[^/]+\/dist\b/.test(path))
    .filter((path) => !['', own].some((folder) => existsSync(new URL(`${folder}${path}`, root))))
}

test('every path that a page or a source names exists', (t) => {
  // These two have examples of paths that do not exist.
  const examples = ['test/docs.test.ts', 'test/house.test.ts']
  const files = filesIn('./').filter((path) => /\.(?:md|[jt]s|mjs|sh|sql|example|yaml|cfg|service)$/.test(path))
  // Earlier releases had other files.
  for (const path of [...files, '.ci/run'].filter((path) => path !== 'CHANGELOG.md' && !examples.includes(path))) {
    const missing = missingPaths(path, read(path))
    if (missing.length > 0) t.fail(`${path} names ${missing.join(', ')}`)
  }
  t.ok(files.includes('src/app.ts') && files.includes('CONTRIBUTING.md'))
  t.end()
})

test('a path that does not exist is reported', (t) => {
  const text = [
    'In `src/app.ts`, routes/ and test/helpers/. Not in src/nowhere.ts, nor `plugins/nothing/`.',
    "import '../src/elsewhere.ts' // as node_modules/x/src/index.js"
  ].join('\n')
  t.strictSame(missingPaths('docs/page.md', text), ['src/nowhere.ts', 'plugins/nothing'])
  t.strictSame(missingPaths('packages/contract/README.md', 'src/dialect.ts, src/nowhere.ts'), ['src/nowhere.ts'])
  t.end()
})

test('the pages are short', (t) => {
  const kilobytes = (text: string) => Buffer.byteLength(text) / 1024
  t.ok(kilobytes(read('README.md')) <= 16, 'README.md')
  for (const [path, markdown] of pages) {
    if (path.startsWith('docs/')) t.ok(kilobytes(markdown) <= 20, path)
  }
  t.end()
})

test('the pages have names in lower case, and the index leads to each', (t) => {
  const names = [...pages.keys()].filter((path) => dirname(path) === 'docs').map((path) => path.slice('docs/'.length))
  const links = linksOf(read('docs/README.md')).map((link) => link.split('#')[0])
  for (const name of names.filter((name) => name !== 'README.md')) {
    t.match(name, /^[a-z\d-]+\.md$/)
    t.ok(links.includes(name), name)
  }
  t.end()
})

test('the README names every route of the API reference', async (t) => {
  const fastify = await build(t, {
    environment: {
      INTROSPECTION_KEY: 'a key for other services, long enough',
      HIDE_ACCOUNTS: 'on',
      SMTP_URL: 'smtp://127.0.0.1:9',
      MAIL_FROM: 'no-reply@example.com'
    }
  })
  const { paths } = (await fastify.inject('/openapi.json')).json()
  const [, table = ''] = read('README.md').split('\n## The API\n')
  for (const path of Object.keys(paths).filter((path) => !/^\/(?:pages|docs)\//.test(path))) {
    const name = path.replaceAll(/\{(\w+)\}/g, ':$1')
    t.ok(new RegExp(`[\` ]${name.replaceAll('.', '\\.')}\``).test(table), name)
  }
})

test('docs/embedded-or-postgresql.md quotes messages that the start has', (t) => {
  const messages = ['src/config/data-folder.ts', 'src/database/embedded.ts'].map(read).join('')
  const quoted = [...read('docs/embedded-or-postgresql.md').matchAll(/^\| (".+") \|/gm)].flatMap(([, cell]) =>
    [...String(cell).matchAll(/"([^"]+)"/g)].flatMap(([, quote]) => String(quote).split('…').filter(Boolean))
  )
  t.not(quoted.length, 0)
  t.strictSame(
    quoted.filter((words) => !messages.includes(words)),
    []
  )
  t.end()
})

test('docs/pages.md shows the frontend that bench/browser/hand-over.mjs runs, to the letter', (t) => {
  t.ok(read('docs/pages.md').includes(`\`\`\`html\n${read('docs/examples/pages.html')}\`\`\`\n`))
  t.end()
})

test('the pages about providers show entries that the service takes, each with its redirect address', (t) => {
  const folder = t.testdir({
    'example-secret.txt': 'a secret',
    'AuthKey_FGHIJ67890.p8': String(
      generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'pem', type: 'pkcs8' })
    )
  })
  const environment = { GOOGLE_SECRET: 'x', MICROSOFT_SECRET: 'x', GITHUB_SECRET: 'x' }
  const kinds = [...pages].flatMap(([path, markdown]) => {
    if (!path.startsWith('docs/provider-')) return []
    const [, json = ''] = /```json\n(.*?)```/s.exec(markdown) ?? []
    writeFileSync(join(folder, 'providers.json'), json)
    const { providers, faults } = readProviders(join(folder, 'providers.json'), environment)
    t.strictSame(faults, [], path)
    for (const { id } of providers) t.ok(markdown.includes(`https://auth.example.com/federation/${id}/callback`), path)
    return providers.map(({ kind }) => kind)
  })
  t.strictSame(kinds.sort(), [...PROVIDER_KINDS].sort())
  t.end()
})

test('docs/pages.md names the variables of the sheet, and classes that it has', (t) => {
  const page = read('docs/pages.md')
  const sheet = read('pages/style.css')
  const named = (text: string, pattern: RegExp) =>
    [...new Set([...text.matchAll(pattern)].map(([, name]) => name))].sort()
  t.strictSame(named(page, /`(--[\w-]+)`/g), named(sheet, /^ {2}(--[\w-]+):/gm))
  const [, table = ''] = page.split('| class | |')
  const [rows = ''] = table.split('\n\n')
  const classes = [...rows.matchAll(/^\| (.*?) \|/gm)].flatMap(([, cell]) => named(String(cell), /`([a-z]+)`/g))
  t.ok(classes.length > 20)
  t.strictSame(
    classes.filter((name) => !new RegExp(`\\.${name}\\b`).test(sheet)),
    []
  )
  t.end()
})

test('docs/architecture.md shows each room on its floor, and says what it is', (t) => {
  const page = read('docs/architecture.md')
  const rows = [...page.matchAll(/^ ?(\d+) {2}(\S+(?: \S+)*)/gm)].map(([, floor, rooms]) => [
    Number(floor),
    String(rooms).split(' ').sort()
  ])
  t.strictSame(rows.reverse(), [...FLOORS.map((rooms) => [...rooms].sort()).entries()])
  const told = [...page.matchAll(/^\| `([\w-]+)` \|/gm)].map(([, room]) => room)
  t.strictSame(
    told.sort(),
    FLOORS.flat()
      .filter((room) => !room.includes('.'))
      .sort()
  )
  t.end()
})
