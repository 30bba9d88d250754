import { test } from 'tap'
import { published } from '../../src/report/published.ts'

test('the command is shown as a shell takes it, without the files', (t) => {
  const rows: [string[], string][] = [
    [['a=http://127.0.0.1:1', '--rounds', '5'], 'it a=http://127.0.0.1:1 --rounds 5'],
    [["one's=http://127.0.0.1:1"], String.raw`it 'one'\''s=http://127.0.0.1:1'`],
    [
      ['--json', 'x.json', '--html', '--json', '--svg', 'z', '--markdown', '--cost', '--from', 'y', '--quick'],
      'it --quick'
    ],
    [['--json=x.json', '--html=y', '--from=z', '--cost', '10'], 'it --cost 10'],
    [['--jsonx', '--json'], 'it --jsonx'],
    [['--database', 'postgres://…', '--clients', '1,8'], 'it --database postgres://… --clients 1,8']
  ]
  for (const [words, shown] of rows) t.equal(published('it', words), shown)
  t.end()
})

test('users and passwords of URLs are left out everywhere', (t) => {
  t.equal(published('it', ['--against', 'http://ada:p/w@h:1/x']), 'it --against http://…@h:1/x')
  t.equal(
    published('it', ['--start', 'a=run --db postgres://ada:pw@h/db --at http://token@h']),
    "it --start 'a=run --db postgres://…@h/db --at http://…@h'"
  )
  t.end()
})

/** A variable of the shell, as no template. */
const braced = (text: string) => `$\{${text}}`

test('of a command that starts a service, values that it assigns are left out', (t) => {
  const rows: [string, string][] = [
    ['SECRET_KEY=hush node server.js', 'SECRET_KEY=… node server.js'],
    ['PORT=8080 LIMITS=off CACHE=on ./go', 'PORT=8080 LIMITS=off CACHE=on ./go'],
    ['PORT="8080" ./go', 'PORT="8080" ./go'],
    ['DATABASE_URL=$PG/db_1 KEY=$KEY ./go', 'DATABASE_URL=$PG/db_1 KEY=$KEY ./go'],
    [`DATABASE_URL="${braced('PG')}/db" ./go`, `DATABASE_URL="${braced('PG')}/db" ./go`],
    [`KEY=${braced('KEY:-a hush')} ./go`, 'KEY=… ./go'],
    ['KEY=$(echo hush) B=`echo hush` ./go', 'KEY=… B=… ./go'],
    ['DATABASE_URL=postgres://ada:pw@h/db ./go', 'DATABASE_URL=… ./go'],
    ['KEY="hush \\" hush" ./go --key=hush', 'KEY=… ./go --key=…'],
    ['A="hush hush"\\ hush B=on;C=hush&& ./go', 'A=… B=on;C=…&& ./go'],
    ['KEY=1hush KEY=offer ./go', 'KEY=… KEY=… ./go'],
    ['docker run -e "KEY=a hush" -e PORT=1 go', 'docker run -e "KEY=…" -e PORT=1 go'],
    ['sh -c "KEY=\\"a hush\\""', 'sh -c "KEY=…"'],
    ['KEY="hush', 'KEY=…'],
    ['./go', './go']
  ]
  for (const [command, shown] of rows) {
    const word = `'the go=${shown}'`
    t.equal(published('it', ['--start', `the go=${command}`]), `it --start ${word}`)
    t.equal(published('it', [`--start=the go=${command}`]), `it '--start=the go=${shown}'`)
  }
  t.equal(published('it', ['--start', "a=KEY='a hush' ./go"]), "it --start 'a=KEY=… ./go'")
  t.equal(published('it', ['--start', 'a']), 'it --start a')
  t.equal(published('it', ['--start']), "it --start ''")
  t.end()
})
