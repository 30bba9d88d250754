import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Streams } from '@latchkey/contract/command'
import { test } from 'tap'
import { runCompare } from '../src/command.ts'
import { commit, machine, versions } from '../src/measure/machine.ts'
import type { openPeers } from '../src/peers/open.ts'
import { toPage } from '../src/report/page.ts'
import { readResult, writeResult } from '../src/report/result.ts'
import { toText } from '../src/report/table.ts'
import { example } from './example.ts'
import { hollow, NOWHERE, ownService, serve } from './services.ts'

/** As little as may be: it is shown that it works, not how fast. */
const SETTINGS = { rounds: 1, seconds: 0.05, connections: 2, clients: 2, storm: 2, cost: 4 }
const BRIEFLY = Object.entries({ ...SETTINGS, retries: 0 }).flatMap(([name, value]) => [`--${name}`, `${value}`])

async function run(words: string[], isTTY = false, open?: typeof openPeers) {
  let [out, err] = ['', '']
  const streams: Streams = {
    stdout: { write: (text) => (out += text) },
    stderr: { isTTY, columns: 80, write: (text) => (err += text) }
  }
  return { code: await runCompare(words, streams, open), out, err }
}

/** Without its figures, and how wide they are. */
const plain = (text: string) => text.replace(/\d[\d.,]*/g, '#').replace(/ +/g, ' ')

test('a peer and another target, side by side', async (t) => {
  const { origin } = await ownService(t)
  const opened: string[] = []
  const open: typeof openPeers = async ({ server }) => {
    opened.push(String(server))
    const targets = [{ name: 'one', url: new URL(origin), size: { lines: 12, packages: 3 } }]
    return { targets, versions: { python: '3.11.2' }, close: () => opened.push('closed') }
  }
  const server = 'postgres://ada:secret@127.0.0.1:5432/postgres'
  const folder = t.testdir({ dialect: '{}' })
  const [json, html] = [join(folder, 'result.json'), join(folder, "one's page.html")]
  const words = ['--peers', '--database', server, `the other=${origin}`, ...BRIEFLY, '--json', json, '--html', html]
  const { code, out, err } = await run([...words, '--dialect', `the other=${folder}/dialect`], false, open)

  t.equal(code, 0, err)
  t.strictSame(opened, [server, 'closed'])
  const { at, figures, bcrypt, control, others, targets, ...rest } = readResult(json)
  t.strictSame(rest, {
    kind: 'comparison',
    command: [
      `npm run compare -- --peers --database postgres://…@127.0.0.1:5432/postgres 'the other=${origin}' ${BRIEFLY.join(' ')}`,
      `--dialect 'the other=${folder}/dialect'`
    ].join(' '),
    commit: commit(),
    machine: machine(),
    versions: { ...versions(), python: '3.11.2' },
    settings: SETTINGS,
    curves: []
  })
  t.ok(Date.parse(at) <= Date.now())
  t.strictSame(
    targets.map(({ differences, ...rest }) => ({ ...rest, differences: differences.length })),
    ['one', 'the other'].map((name) => ({
      name,
      url: origin,
      contract: 'keeps the core: 12 hold, 0 differ by choice, 1 not checked',
      differences: 1,
      ...(name === 'one' && { size: { lines: 12, packages: 3 } })
    }))
  )
  t.strictSame(Object.keys(figures), [
    ...['secretRate', 'secretP50', 'secretP99', 'secretCpu', 'loginRate', 'loginShare', 'loginP50'],
    ...['registerRate', 'registerShare', 'stormP50', 'stormP99', 'stormMax', 'memory']
  ])
  for (const [measure, byTarget] of Object.entries(figures)) {
    t.match(byTarget, { one: { length: 1 }, 'the other': { length: 1 } }, measure)
  }
  t.strictSame([bcrypt.length, control.length], [1, 1])
  t.equal(plain(out), plain(`${toText(readResult(json))}\n`))
  t.match(readFileSync(html, 'utf8'), /^<!doctype html>/)
  t.strictSame(err.split('\n'), [
    'one: does it keep the contract?',
    'the other: does it keep the contract?',
    'one: registering',
    'the other: registering',
    'warming up: one',
    'warming up: the other',
    'round 1 of 1: one, /secret',
    'round 1 of 1: the other, /secret',
    'round 1 of 1: bcrypt alone',
    'round 1 of 1: one, login',
    'round 1 of 1: the other, login',
    'round 1 of 1: one, register',
    'round 1 of 1: the other, register',
    'round 1 of 1: one, /secret in a login storm',
    'round 1 of 1: the other, /secret in a login storm',
    ''
  ])
})

test('what the peers opened is closed, whatever happens', async (t) => {
  const servers: (string | undefined)[] = []
  let closed = 0
  const open: typeof openPeers = async ({ server, report }) => {
    servers.push(server)
    report('net-http is left out: Go is needed')
    return { targets: [], versions: {}, close: () => (closed += 1) }
  }
  t.strictSame(await run(['--peers', ...BRIEFLY, `other=${NOWHERE.origin}`], false, open), {
    code: 2,
    out: '',
    err: `compare: net-http is left out: Go is needed\ncompare: other: nothing answers at ${NOWHERE.origin}\n`
  })
  t.strictSame([servers, closed], [[process.env.TEST_DATABASE_URL], 1])
})

test('an earlier result does not steer the terminal', async (t) => {
  const json = join(t.testdir({}), 'result.json')
  const targets = [{ name: 'a', url: '', contract: 'red \x1b[31mover', differences: [] }]
  writeResult(json, example({ targets }))
  t.match((await run(['--from', json])).out, '\na: red \ufffd[31mover\n')
})

test('an earlier result is told again', async (t) => {
  const folder = t.testdir({})
  const [json, html] = [join(folder, 'result.json'), join(folder, 'page.html')]
  writeResult(json, example())
  t.strictSame(await run(['--from', json, '--html', html]), { code: 0, out: `${toText(example())}\n`, err: '' })
  t.equal(readFileSync(html, 'utf8'), toPage(example()))
})

const CHOICES = [
  ...['start', 'dialect'].map((option) => [`--${option}`, 'a=b']),
  ['--peers'],
  ['--database', 'postgres://h']
]

/** More requests than the check of the contract sends. */
const MANY = 15

test('a service that does not do what it has to ends it with 1', async (t) => {
  const answering = (status: number) => {
    let asked = 0
    return ownService(t, ({ url }, response) => {
      if (url === '/secret') asked += 1
      if (asked <= MANY) return false
      response.writeHead(status).end()
      return true
    })
  }
  const cases = [
    ['no contract', await serve(t, hollow), /compare: x does not keep the contract:\n {2}/],
    [
      '429 in the middle',
      await answering(429),
      /compare: GET http:.*\/secret has to be answered with 200, but there were \d+ × 429\.\nSwitch its limits off: /
    ],
    ['500 in the middle', await answering(500), /compare: GET http:.* with 200, but there were \d+ × 500\.\n$/]
  ] as const
  for (const [what, url, message] of cases) {
    const { code, out, err } = await run([`x=${url.origin}`, ...BRIEFLY], true)
    t.strictSame([code, out], [1, ''], what)
    t.match(err, message, what)
    t.match(err, '\r\x1b[Kcompare: ', 'on a line of its own')
  }
})

test('what cannot be measured ends it with 2, and is told at once', async (t) => {
  const there = (await serve(t, hollow)).origin
  const page = await serve(t, (_request, response) => response.setHeader('content-type', 'text/html').end('<p>'))
  const gone = NOWHERE.origin
  const steering = JSON.stringify({ ...example(), '\x1b[31m': 1 })
  const folder = t.testdir({
    typo: '{"pahts": {}}',
    nothing: '{"kind": "comparison"}',
    text: 'none',
    kept: 'as it is',
    steering
  })
  const far = join(folder, 'none', 'file')
  const cases: [string[], RegExp][] = [
    [[], /^compare: name at least one target, such as go=http:\/\/127\.0\.0\.1:8080, or add --peers\n$/],
    [
      ['--peers', `go=${gone}`, `fastapi=${gone}`],
      /^compare: --peers starts fastapi: give the other target another name\n$/
    ],
    [['--peers', '--database', 'mysql://127.0.0.1'], /^error: .*It must be a URL, such as postgres:/],
    [['--peers', '--database', 'postgres://['], /^error: .*It must be a URL, such as postgres:/],
    [[`x=${gone}`, `x=${there}`], /^error: .*There are two called x\.\n\n?\(see --help\)\n$/],
    [[`x=${gone}/login`], /^error: .*give the server alone/],
    [[`x=${there}`, `y=${gone}`], new RegExp(`^compare: y: nothing answers at ${gone}\n$`)],
    [[`x=${page.origin}`], /compare: http:.* is no service of this kind: GET \/secret gave 200 with text\/html/],
    [
      [`x=${gone}`, '--dialect', `x=${folder}/typo`],
      /^compare: .*typo: there is no "pahts"; did you mean "paths"\?\n$/
    ],
    [[`x=${gone}`, '--dialect', `x=${far}`], /^compare: .* cannot be read: ENOENT\n$/],
    [[`x=${gone}`, '--dialect', `y=${folder}/typo`], /^compare: --dialect speaks of y, but the targets are x\.\n$/],
    [[`x=${gone}`, '--start', 'x=echo no such thing; exit 3'], /\nit ended with 3; it said:\nno such thing\n\n$/],
    [
      [`x=${there}`, '--start', 'x=true'],
      /^compare: x: something answers at .* already; stop it, or leave --start out\n$/
    ],
    [[`x=${gone}`, '--json', far], /^compare: nothing can be written there: ENOENT: .*none\/file'\n$/],
    [[`x=${gone}`, '--json', `${folder}/new`, '--html', `${folder}/./new`], /^compare: .* is named for two outputs: /],
    [[`x=${gone}`, '--html', folder], /^compare: nothing can be written there: EISDIR: .*\n$/],
    [[`x=${gone}`, '--json', `${folder}/new`, '--html', `${folder}/kept`], /^compare: x: nothing answers at /],
    [[`x=${gone}`, '--seconds', '0.01'], /^error: .*It must be a number from 0\.05 to 600\.\n/],
    [[`x=${gone}`, '--seconds', 'four'], /^error: .*It must be a number from 0\.05 to 600\.\n/],
    [[`x=${gone}`, '--rounds', '0'], /^error: .*It must be a whole number from 1 to 100\.\n/]
  ]
  const earlier: typeof cases = [
    [[`x=${gone}`, '--from', `${folder}/kept`], /^compare: --from measures nothing: leave the targets out\n$/],
    [['--from', `${folder}/nothing`], /^compare: --from: .*nothing holds no result: /],
    [['--from', `${folder}/text`], /^compare: --from: ./],
    [['--from', `${folder}/steering`], /^compare: --from: .* holds no result: .*\ufffd\[31m Unexpected property\n$/],
    [['--from', far], /^compare: --from: .*ENOENT/],
    ...[...BRIEFLY.filter((word) => word.startsWith('--')).map((option) => [option, '4']), ...CHOICES].map(
      (words): (typeof cases)[number] => [
        ['--from', `${folder}/kept`, ...words],
        new RegExp(`^error: option '--from <file>' cannot be used with option '${words[0]}[ ']`)
      ]
    )
  ]
  for (const [words, message] of [
    ...cases.map(([words, message]) => [[...words, ...BRIEFLY], message] as (typeof cases)[number]),
    ...earlier
  ]) {
    const { code, out, err } = await run(words)
    t.strictSame([code, out], [2, ''], words.join(' '))
    t.match(err, message)
  }
  t.strictSame(readdirSync(folder).sort(), ['kept', 'nothing', 'steering', 'text', 'typo'], 'nothing was left there')
  t.equal(readFileSync(join(folder, 'kept'), 'utf8'), 'as it is')
})

test('there is help', async (t) => {
  const { code, out, err } = await run(['--help'])
  t.strictSame([code, err], [0, ''])
  t.match(out, /^Usage: compare \[options\] \[targets\.\.\.\]\n/)
})

test('what the command does not expect is thrown', async (t) => {
  const json = join(t.testdir({}), 'result.json')
  writeResult(json, example())
  const full = {
    write(): never {
      throw new Error('no space left on device')
    }
  }
  await t.rejects(runCompare(['--from', json], { stdout: full, stderr: full }), { message: 'no space left on device' })
})
