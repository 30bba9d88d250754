import { InvalidArgumentError } from 'commander'
import { test } from 'tap'
import { choice, type Target, target, withChoices } from '../../src/measure/targets.ts'

const targets = (...texts: string[]) => texts.reduce<Target[]>((previous, text) => target(text, previous), [])

test('targets and what the options say of them', (t) => {
  const both = targets('go=http://127.0.0.1:8080', 'next one = http://localhost:3000/')
  const start = choice('go=PORT=8080 ./server')
  const chosen = withChoices(both, { start, dialect: choice('next one=its.json') })
  t.strictSame(
    chosen.map(({ url, ...rest }) => ({ ...rest, url: url.href })),
    [
      { name: 'go', url: 'http://127.0.0.1:8080/', start: 'PORT=8080 ./server' },
      { name: 'next one', url: 'http://localhost:3000/', dialect: 'its.json' }
    ]
  )
  t.end()
})

test('what is none is refused', (t) => {
  const refused = [
    [() => target('http://127.0.0.1:3000'), /not a name and a URL|is no name/],
    [() => target('go'), /"go" is not a name and a URL/],
    [() => target('go='), /not a name and a URL/],
    [() => target('=http://127.0.0.1'), /not a name and a URL/],
    [() => target('go=127.0.0.1:8080'), /go: "127.0.0.1:8080" is not the URL of a server/],
    [() => target('go=ftp://127.0.0.1'), /is not the URL of a server/],
    [() => target('go=http://'), /is not the URL of a server/],
    [() => target('go=http://127.0.0.1:99999'), /is not the URL of a server/],
    [() => target('go=http://127.0.0.1:8080/login'), /go: give the server alone, http:\/\/127.0.0.1:8080/],
    [() => target('go=http://ada@127.0.0.1:8080'), /give the server alone/],
    [() => target('go=http://:pass@127.0.0.1:8080'), /give the server alone/],
    [() => target('constructor=http://127.0.0.1:8080'), /"constructor" is no name/],
    [() => target('__proto__=http://127.0.0.1:8080'), /"__proto__" is no name/],
    [() => target(' =http://127.0.0.1'), /not a name and a URL/],
    [() => target('<b>=http://127.0.0.1:8080'), /"<b>" is no name/],
    [() => targets('go=http://127.0.0.1:1', 'go=http://127.0.0.1:2'), /There are two called go/],
    [() => choice('./server'), /NAME=VALUE/],
    [() => choice('go=  '), /NAME=VALUE/],
    [() => choice('go=b', choice('go=a')), /go has it already/],
    [
      () => withChoices(targets('go=http://127.0.0.1:1'), { start: choice('og=./server'), dialect: [] }),
      /--start speaks of og, but the targets are go/
    ]
  ] as const
  for (const [wrong, message] of refused) t.throws(wrong, { constructor: InvalidArgumentError, message })
  t.end()
})
