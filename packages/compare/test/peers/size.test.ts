import { test } from 'tap'
import { linesIn, lockedIn, pinnedIn, requiredIn } from '../../src/peers/size.ts'

test('lines of source are counted, without empty ones and comments', (t) => {
  const folder = t.testdir({
    'a.ts': '/** What it does. */\n\nconst one = 1 // a comment beside code\n// a comment\n/*\n * more\n */\n',
    inner: {
      'b.py': '"""What it does."""\n\n# a comment\none = 1\n',
      'c.go': 'package main\n\n// A comment.\nvar one = 1\n',
      'c_test.go': 'package main\n',
      'd.sql': '-- a comment\nSELECT 1;\n',
      'README.md': 'no source\n'
    }
  })
  t.equal(linesIn([folder]), 5)
  t.equal(linesIn([`${folder}/inner`, `${folder}/inner`]), 8)
  t.end()
})

test('packages are counted as each language lists them', (t) => {
  const packages = {
    '': {},
    'workspace/own': {},
    'node_modules/own': { link: true },
    'node_modules/one': {},
    'node_modules/one/node_modules/two': {},
    'node_modules/test': { dev: true },
    'node_modules/either': { devOptional: true }
  }
  const folder = t.testdir({
    'package-lock.json': JSON.stringify({ packages }),
    'requirements.txt': '# pip freeze\none==1.0\nextra[some]==2.0\n',
    'go.mod':
      'module accounts\n\ngo 1.20\n\nrequire (\n\ta.example/one v1.0.0\n\ta.example/two v2.0.0 // indirect\n)\n',
    empty: ''
  })
  t.strictSame(
    [
      lockedIn(`${folder}/package-lock.json`),
      pinnedIn(`${folder}/requirements.txt`),
      requiredIn(`${folder}/go.mod`),
      pinnedIn(`${folder}/empty`),
      requiredIn(`${folder}/empty`)
    ],
    [2, 2, 2, 0, 0]
  )
  t.end()
})
