#!/usr/bin/env node
import { parseArgs } from 'node:util'
import { runCommand } from './command-line.ts'
import { keepFilesPrivate } from './data-folder.ts'
import { readEnvFile } from './environment.ts'

const { stdin, stdout, stderr, env: environment } = process

keepFilesPrivate()

const words = process.argv.slice(2)
// Read before the words are, so that the settings are there for whatever they ask.
const options = { 'env-file': { type: 'string' } } as const
const { 'env-file': envFile } = parseArgs({ args: words, strict: false, options }).values

try {
  readEnvFile(typeof envFile === 'string' ? envFile : undefined)
  process.exitCode = await runCommand(words, { stdin, stdout, stderr, environment })
} catch (error) {
  stderr.write(`latchkey cannot read its settings. ${(error as Error).message}\n`)
  process.exitCode = 1
}
