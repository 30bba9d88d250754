import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import { Refusal } from '../../src/refusal.ts'
import { checkOutputs, outputsOf, writeOutputs } from '../../src/report/outputs.ts'
import { readResult } from '../../src/report/result.ts'
import { example } from '../example.ts'

test('whether a file can be written is found without leaving or changing one', (t) => {
  const folder = t.testdir({ 'there.json': 'old' })
  checkOutputs({ json: [join(folder, 'there.json')], html: [join(folder, 'new.html')] })
  t.strictSame(readdirSync(folder), ['there.json'])
  t.equal(readFileSync(join(folder, 'there.json'), 'utf8'), 'old')
  const nowhere = join(folder, 'absent/new.json')
  const message = `nothing can be written there: ENOENT: no such file or directory, open '${nowhere}'`
  t.throws(() => checkOutputs({ json: [nowhere], html: [] }), new Refusal(message))
  t.throws(() => checkOutputs({ json: [], html: [folder] }), { constructor: Refusal, message: /EISDIR/ })
  t.ok(existsSync(folder))
  t.end()
})

test('options may name one file each, or none', (t) => {
  t.strictSame(outputsOf({ json: 'it.json', html: 'it.html' }), { json: ['it.json'], html: ['it.html'] })
  t.strictSame(outputsOf({ svg: 'it.svg', markdown: 'it.md' }), {
    json: [],
    html: [],
    svg: ['it.svg'],
    markdown: ['it.md']
  })
  t.strictSame(outputsOf({}), { json: [], html: [] })
  t.end()
})

test('one file is not written twice, whatever it is called', (t) => {
  const folder = t.testdir()
  const [file, same] = [join(folder, 'it'), `${folder}/./it`]
  const message = (name: string) => `${name} is named for two outputs: one would be lost`
  t.throws(() => checkOutputs({ json: [file], html: [same] }), new Refusal(message(same)))
  t.throws(() => checkOutputs({ json: [file, file], html: [] }), new Refusal(message(file)))
  t.throws(() => checkOutputs({ json: [], html: [], svg: [file], markdown: [file] }), new Refusal(message(file)))
  t.strictSame(readdirSync(folder), [])
  t.end()
})

test('the result is written to all of them', (t) => {
  const folder = t.testdir()
  const file = (name: string) => join(folder, name)
  const result = example({ kind: 'bench' })
  writeOutputs(
    {
      json: [file('one.json'), file('other.json')],
      html: [file('page.html')],
      svg: [file('it.svg')],
      markdown: [file('it.md')]
    },
    result
  )
  t.strictSame(readResult(file('one.json')), result)
  t.strictSame(readResult(file('other.json')), result)
  t.match(readFileSync(file('page.html'), 'utf8'), /^<!doctype html>/i)
  t.match(readFileSync(file('it.svg'), 'utf8'), /^<svg /)
  t.match(readFileSync(file('it.md'), 'utf8'), /^\| \| a /)
  t.end()
})
