import { readdirSync, readFileSync } from 'node:fs'
import { type Test, test } from 'tap'
import { build, PASSWORD, post } from './helpers/app.ts'
import { operator, run } from './helpers/command.ts'
import { migratedDatabase, type TestDatabase } from './helpers/database.ts'
import { giveApp } from './helpers/second-factor.ts'

const docs = new URL('../docs/', import.meta.url)

/** The pages that show commands, each with what it says. */
const PAGES = readdirSync(docs)
  .filter((name) => name.endsWith('.md'))
  .map((name) => [name, readFileSync(new URL(name, docs), 'utf8')] as const)
  .filter(([, page]) => /^\$ (?:[A-Z_]+=\S+ )*latchkey /m.test(page))

/** What a transcript reads from, beside what its own commands have written. */
const FILES = {
  'password.txt': `${PASSWORD}\n`,
  'passphrase.txt': 'a passphrase for backups alone\n',
  'accounts.jsonl': String(
    /This is `accounts.jsonl`:\n\n```json\n(.*?)```/s.exec(new Map(PAGES).get('import-export.md') ?? '')?.[1]
  )
}

/** One command of a transcript, and what the page says that it answers. */
interface Entry {
  variables: Record<string, string>
  words: string[]
  input: string | undefined
  answer: string
}

/** The entries of a page: `$ NAME=value latchkey words… < file`, and the lines up to the next. */
function entriesOf(page: string): Entry[] {
  const blocks = [...page.matchAll(/```console\n(.*?)```/gs)].map(([, block]) => String(block))
  return blocks
    .flatMap((block) => block.split(/^\$ /m).slice(1))
    .map((text) => {
      const [line = '', ...answer] = text.split('\n')
      const [, assignments = '', words = '', input] =
        /^((?:[A-Z_]+=\S+ )*)(?:latchkey )?([^<]*?)(?: < (\S+))?$/.exec(line) ?? []
      return {
        variables: Object.fromEntries(
          assignments
            .split(' ')
            .filter(Boolean)
            .map((each) => each.split('=') as [string, string])
        ),
        words: words.split(' ').filter(Boolean),
        input,
        answer: answer.join('\n')
      }
    })
}

/** The ids of users and of keys, and service keys: each has another name in each run, and keeps it. */
const NAMES = /(?<![\w-])(?:[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|[\w-]{43}|[0-9A-Za-z]{22}|lk_\w{73})(?![\w-])/g

/** What differs from one run to the next. */
const VARYING: [pattern: RegExp, name: string][] = [
  [/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g, '<time>'],
  // What this machine can do is its own: another cost may be recommended.
  [/^(?:ok|warning) +BCRYPT_COST.*$(?:\n {9}.*$)?/gm, '<the cost of a hash>'],
  [/\b\d+(?:\.\d+)? (?:ms|s|MB|KB|bytes)\b/g, '<measure>'],
  [/ +$/gm, '']
]

const steady = (text: string) =>
  VARYING.reduce((result, [pattern, name]) => result.replaceAll(pattern, name), text).trimEnd()

test('the pages that show commands are those about operating', (t) => {
  t.strictSame(
    PAGES.map(([name]) => name),
    [
      'accounts.md',
      'audit-log.md',
      'backups.md',
      'import-export.md',
      'keys.md',
      'mail.md',
      'operating.md',
      'roles.md',
      'second-factors.md',
      'service-keys.md'
    ]
  )
  t.end()
})

for (const [name, page] of PAGES) {
  test(`the transcripts of docs/${name} are what the commands answer`, async (t) => {
    const database = await migratedDatabase(t)
    if (name === 'audit-log.md') await leaveTraces(t, database)
    if (name === 'second-factors.md') await leaveFactors(t, database)
    await replay(t, entriesOf(page), database)
  })
}

/** What the audit log shows. */
async function leaveTraces(t: Test, database: TestDatabase): Promise<void> {
  const fastify = await build(t, { database })
  await post(fastify, '/register', { username: 'ada', password: PASSWORD })
  await post(fastify, '/login', { username: 'ada', password: 'wrong' })
  const login = await post(fastify, '/login', { username: 'ada', password: PASSWORD })
  await post(fastify, '/login', { username: 'nobody', password: PASSWORD })
  await post(fastify, '/logout', { refresh_token: login.json().refresh_token })
  await fastify.close()
}

/** The accounts of the page about second factors: ada, who has an app and a session, and grace, who has neither. */
async function leaveFactors(t: Test, database: TestDatabase): Promise<void> {
  const fastify = await build(t, { database })
  const ada = await post(fastify, '/register', { username: 'ada', email: 'ada@example.com', password: PASSWORD })
  await post(fastify, '/login', { username: 'ada', password: PASSWORD })
  await giveApp(fastify, ada.json().id)
  await post(fastify, '/register', { username: 'grace', email: 'grace@example.com', password: PASSWORD })
  await fastify.close()
}

async function replay(t: Test, entries: Entry[], database: TestDatabase): Promise<void> {
  const folder = process.cwd()
  t.teardown(() => process.chdir(folder))
  process.chdir(t.testdir(FILES))
  const here = await operator(t, { database })
  const there = await operator(t, { database: await migratedDatabase(t) })
  const names = new Map<string, string>()
  const renamed = (text: string) => text.replaceAll(NAMES, (name) => names.get(name) ?? name)
  t.not(entries.length, 0)
  for (const { variables, words, input, answer } of entries) {
    const piped = { variables, ...(input && { input: readFileSync(input, 'utf8') }) }
    // The doctor looks at an environment, and a DATABASE_URL leads to another database.
    const ask = words[0] === 'doctor' ? run : variables.DATABASE_URL ? there : here
    const { stdout, stderr } =
      words[0] === 'cat'
        ? { stdout: readFileSync(String(words[1]), 'utf8'), stderr: '' }
        : await ask(behindDashes(words.map(renamed)), piped)
    // How far a command has come is not shown.
    const found = stdout || stderr
    const met = found.match(NAMES) ?? []
    for (const [index, name] of (answer.match(NAMES) ?? []).entries()) names.set(name, met[index] ?? name)
    t.equal(steady(found), steady(renamed(answer)), words.join(' '))
  }
}

/** One key in 64 has a name that begins like an option. */
function behindDashes(words: string[]): string[] {
  const isKey = (word: string) => word.length === 43 && word.startsWith('-')
  const keys = words.filter(isKey)
  return keys.length === 0 ? words : [...words.filter((word) => !isKey(word)), '--', ...keys]
}
