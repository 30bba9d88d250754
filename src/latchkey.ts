#!/usr/bin/env node
import { parseArgs } from 'node:util'
import { runCommand } from './command-line.ts'
import { keepFilesPrivate } from './data-folder.ts'
import { readEnvFile } from './environment.ts'

const { stdin, stdout, stderr, env: environment } = process

keepFilesPrivate()

const words = process.argv.slice(2)
// Read before the words are: the settings are there for whatever they ask.
const { 'env-file': envFile } = parseArgs({
  args: words,
  strict: false,
  options: { 'env-file': { type: 'string' } }
}).values

try {
  readEnvFile(typeof envFile === 'string' ? envFile : undefined)
  process.exitCode = await runCommand(words, { stdin, stdout, stderr, environment })
} catch (error) {
  stderr.write(`latchkey cannot read ${envFile ?? '.env'}. ${(error as Error).message}\n`)
  process.exitCode = 1
}
