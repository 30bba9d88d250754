import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'tap'

const root = new URL('../', import.meta.url)
const read = (path: string) => readFileSync(new URL(path, root), 'utf8')

/** What is said once or more, in the first group of the pattern. */
const all = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map(([, group]) => String(group))

const sources = ['src', 'plugins', 'routes', 'commands']
  .flatMap((folder) =>
    readdirSync(new URL(folder, root), { recursive: true, encoding: 'utf8' }).map((path) => `${folder}/${path}`)
  )
  .filter((path) => /\.[jt]s$/.test(path))
  .map((path) => [path, read(path)] as const)

test('the map of the OWASP ASVS 5.0.0', async (t) => {
  const map = ['asvs-1-8', 'asvs-administration', 'asvs-federation', 'asvs-9-17']
    .map((page) => read(`docs/${page}.md`))
    .join('')
  const rows = [...map.matchAll(/^\| (\d+\.\d+\.\d+) \| [12] \| [^|]+ \| ([a-z ]+) \| (.+) \|$/gm)].map(
    ([, number = '', stands = '', how = '']) => ({ number, stands, how })
  )
  const [, outside = ''] = map.split('\n## What does not apply\n')
  const beside = all(outside, /^\| (\d[\d., ]+) \|/gm).flatMap((numbers) => numbers.split(', '))

  await t.test('has each of the 253 requirements of levels 1 and 2 once', async (t) => {
    const numbers = [...rows.map(({ number }) => number), ...beside]
    const twice = numbers.filter((number, index) => numbers.indexOf(number) !== index)
    t.strictSame({ twice, count: numbers.length }, { twice: [], count: 253 })
  })

  await t.test('names tests that are there', async (t) => {
    const shown = rows.map(({ number, stands, how }) => {
      const named = testsIn(how)
      if (stands === 'shown') t.not(named.length, 0, `${number} names one`)
      return named
    })
    const attacks = ['asvs-administration', 'asvs-federation'].flatMap((page) => {
      const named = testsIn(String(read(`docs/${page}.md`).split('\n## Attacks\n')[1]))
      t.ok(named.length > 20, `and those of attacks in ${page}`)
      return named
    })
    for (const { path, name } of [...shown.flat(), ...attacks]) {
      t.ok(
        titles(path).some((title) => title.startsWith(name)),
        `${path} "${name}"`
      )
    }
  })

  await t.test('is summed up in SECURITY.md', async (t) => {
    const count = (wanted: string) => rows.filter(({ stands }) => stands === wanted).length
    const sum =
      `${count('shown')} are shown by tests, ${count('written')} ask for a text that is written, ` +
      `${count('in part')} are met in part, ${count('operator')} are the operator's, ${count('not met')} are not met, ` +
      `and ${beside.length} do not apply`
    t.match(read('SECURITY.md').replaceAll(/\s+/g, ' '), sum)
  })
})

test('no source starts a process or makes code of text', async (t) => {
  for (const [path, text] of sources) t.notMatch(text, /child_process|node:vm|\beval\(|new Function\b/, path)
})

test('Math.random makes no secret', async (t) => {
  const users = sources.filter(([, text]) => text.includes('Math.random')).map(([path]) => path)
  t.strictSame(users, ['src/database/reconnecting-client.ts'], 'but pauses of different length')
})

test('the sources use these algorithms and no others', async (t) => {
  const text = sources.map(([, source]) => source).join('\n')
  const calls = /\b(?:create(?:Hash|Hmac|Cipheriv|Decipheriv)|hkdfSync|generateKeyPairSync)\(([^,)]+)/g
  t.strictSame([...new Set(all(text, calls))].sort(), [
    // Firebase's hashes are encrypted keys: what is checked against them is encrypted, and never kept.
    "'aes-256-ctr'",
    "'aes-256-gcm'",
    // The file key of a backup; the package age-encryption does the rest of the format.
    "'chacha20-poly1305'",
    "'ec'",
    // TOTP is an HMAC with it in every authenticator app (RFC 6238); collisions do not matter there.
    "'sha1'",
    "'sha256'"
  ])
  t.strictSame(all(text, /namedCurve: '([^']+)'/g), ['P-256'])
  const generating = sources.filter(([, source]) => source.includes('generateKeyPairSync('))
  // In Node 20, the export of a generated KeyObject as a JWK can deadlock with garbage collection.
  t.ok(
    generating.every(([, source]) => source.includes('publicKeyEncoding')),
    'generated keys are encoded at once'
  )
})

/** The service itself and its workspaces, which come from no registry. */
const OURS = /^(?:$|packages\/[^/]+$|examples\/[^/]+$|node_modules\/@latchkey\/)/

test('every package has its checksum', async (t) => {
  const { packages } = JSON.parse(read('package-lock.json')) as { packages: Record<string, { integrity?: string }> }
  const others = Object.entries(packages).filter(([path]) => !OURS.test(path))
  t.not(others.length, 0)
  t.strictSame(
    others.filter(([, { integrity }]) => !integrity?.startsWith('sha512-')).map(([path]) => path),
    []
  )
})

/** What the tests of a file are called, to the end of the line on which the name begins. */
const titles = (path: string) => all(read(path), /\btest\(\s*['"`](.+)/g)

/** The tests that a text names, each by its file and title. */
function testsIn(text: string): { path: string; name: string }[] {
  const references = [...text.matchAll(/`((?:test|packages)\/[^`]+)`((?:,? "[^"]+")+)/g)]
  return references.flatMap(([, path = '', names = '']) => all(names, /"([^"]+)"/g).map((name) => ({ path, name })))
}
