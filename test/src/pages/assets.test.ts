import { mkdirSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { type Test, test } from 'tap'
import { PagesFolderError, readAssets } from '../../../src/pages/assets.ts'

type Files = Record<string, string | Buffer>

function read(t: Test, files: Files) {
  const faults: string[] = []
  return { ...readAssets(t.testdir(files), faults), faults }
}

const SVG = '<svg xmlns="http://www.w3.org/2000/svg"></svg>'
const PNG = Buffer.from('\x89PNG\r\n\x1a\nrest', 'latin1')

test('the files of the service have names that change with their content', (t) => {
  const faults: string[] = []
  const { sheet, script, ...own } = readAssets(undefined, faults)
  t.strictSame({ ...own, faults }, { ownSheet: undefined, logo: undefined, faults: [] })
  t.match(sheet, { path: /^pages\/assets\/[\w-]{22}\.css$/, type: 'text/css; charset=utf-8' })
  t.match(sheet.content.toString(), '--key: #')
  t.match(script, { path: /^pages\/assets\/[\w-]{22}\.js$/, type: 'text/javascript; charset=utf-8' })
  t.match(script.content.toString(), 'navigator.credentials')
  t.ok(gzipSync(script.content).length <= 2048, 'the module is small')
  t.end()
})

test('a folder adds a sheet and a logo', (t) => {
  const css = ':root { --key: #a00 }'
  const { ownSheet, logo, faults } = read(t, { 'style.css': css, 'logo.svg': SVG })
  t.strictSame(faults, [])
  t.match(ownSheet, { path: /^pages\/assets\/[\w-]{22}\.css$/, type: 'text/css; charset=utf-8' })
  t.equal(ownSheet?.content.toString(), css)
  t.not(read(t, { 'style.css': `${css} ` }).ownSheet?.path, ownSheet?.path)
  t.strictSame(logo, { path: 'pages/logo', type: 'image/svg+xml', content: Buffer.from(SVG) })
  t.strictSame(read(t, { 'logo.png': PNG }).logo, { path: 'pages/logo', type: 'image/png', content: PNG })
  t.end()
})

const fitting: [what: string, files: Files][] = [
  ['nothing', {}],
  ['hidden files, and texts', { '.DS_Store': 'x', '..data': 'x', 'texts.de.json': '{}', 'texts.zh-Hant.json': '{}' }],
  [
    'a sheet with images of its own',
    { 'style.css': 'a { background: url("data:image/png;base64,AA"); clip-path: url(#x) } /* @import */' }
  ],
  ['a sheet of 100 KB', { 'style.css': ' '.repeat(100_000) }],
  ['an SVG after a prologue', { 'logo.svg': `\uFEFF<?xml version="1.0"?>\n<!-- a\nlogo -->\n<!DOCTYPE svg>\n${SVG}` }],
  ['an SVG with other attributes', { 'logo.svg': SVG.replace('<svg', "<svg viewBox='0 0 1 1'") }]
]

for (const [what, files] of fitting) {
  test(`no fault: ${what}`, (t) => {
    t.strictSame(read(t, files).faults, [])
    t.end()
  })
}

const KNOWN = 'known are style.css, logo.svg, logo.png and texts.<language>.json'
const LOADS = 'style.css loads a file: only images in data: URLs are possible'
const NO_SVG = 'logo.svg must be an SVG image, with its xmlns, in UTF-8'

const refused: [what: string, files: Files, faults: string[]][] = [
  ['an unknown file', { 'styles.css': '' }, [`styles.css is unknown: ${KNOWN}`]],
  ['texts in another format', { 'texts.de.yaml': '' }, [`texts.de.yaml is unknown: ${KNOWN}`]],
  ['a sheet that is too long', { 'style.css': ' '.repeat(100_001) }, ['style.css has more than 100 KB']],
  ['a sheet in Latin-1', { 'style.css': Buffer.from([0xe4]) }, ['style.css must be UTF-8']],
  ['a sheet that imports another', { 'style.css': "@import 'x.css';" }, [LOADS]],
  ['a sheet that loads an image', { 'style.css': 'a { background: URL( "https://example.com/x" ) }' }, [LOADS]],
  ['a sheet that has a font', { 'style.css': '@font-face { src: url(data:font/woff2;base64,AA) }' }, [LOADS]],
  ['a logo that is no SVG', { 'logo.svg': '<html xmlns="http://www.w3.org/2000/svg">' }, [NO_SVG]],
  ['an SVG without a namespace', { 'logo.svg': '<svg></svg>' }, [NO_SVG]],
  ['an SVG in Latin-1', { 'logo.svg': Buffer.from(`${SVG}\xe4`, 'latin1') }, [NO_SVG]],
  ['a logo that is no PNG', { 'logo.png': 'GIF89a' }, ['logo.png must be a PNG image']],
  [
    'a logo that is too large',
    { 'logo.png': Buffer.concat([PNG, Buffer.alloc(100_000)]) },
    ['logo.png has more than 100 KB']
  ],
  ['two logos', { 'logo.svg': SVG, 'logo.png': PNG }, ['logo.svg and logo.png: there can be only one logo']],
  [
    'everything',
    { 'a.css': '', 'style.css': '@import "x"', 'logo.svg': '' },
    [`a.css is unknown: ${KNOWN}`, LOADS, NO_SVG]
  ]
]

for (const [what, files, faults] of refused) {
  test(`a fault: ${what}`, (t) => {
    t.strictSame(read(t, files).faults, faults)
    t.end()
  })
}

test('a fault: a folder in place of a file', (t) => {
  const folder = t.testdir({})
  mkdirSync(`${folder}/style.css`)
  const faults: string[] = []
  readAssets(folder, faults)
  t.strictSame(faults, ['style.css cannot be read'])
  t.end()
})

test('the error names every fault', (t) => {
  const { name, message } = new PagesFolderError(['one', 'another'])
  t.strictSame(
    { name, message },
    {
      name: 'PagesFolderError',
      message: 'The files of PAGES_FOLDER are invalid:\n  - one\n  - another'
    }
  )
  t.end()
})
