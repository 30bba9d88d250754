import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { test } from 'tap'
import { consoleFolder, readConsole } from '../../../src/pages/console.ts'

const SRC = fileURLToPath(new URL('../../../src/pages/', import.meta.url))

test('the folder is the first that exists, otherwise the first', async (t) => {
  t.equal(consoleFolder(['nowhere/', 'views/']), join(SRC, 'views/'))
  t.equal(consoleFolder(['views/', '.']), join(SRC, 'views/'))
  t.equal(consoleFolder(['nowhere/', 'neither/']), join(SRC, 'nowhere/'))
  t.match(consoleFolder(), /\/console\/$/)
})

test('the name of a file changes with its content', async (t) => {
  const read = (js: string) => readConsole(t.testdir({ 'console.js': js, 'console.css': '' }), 'on')
  const [one, same, other] = [read('1'), read('1'), read('2')]
  t.equal(one?.script.path, same?.script.path)
  t.not(one?.script.path, other?.script.path)
  t.equal(one?.sheet.path, other?.sheet.path)
  t.match(other?.page, String(other?.script.path))
  t.equal(readConsole(t.testdir({ 'console.css': '' }), 'on'), undefined)
})
