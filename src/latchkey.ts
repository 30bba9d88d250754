#!/usr/bin/env node
import { runCommand } from './command-line.ts'
import { keepFilesPrivate } from './data-folder.ts'
import { readEnvFileOf } from './environment.ts'

const { stdin, stdout, stderr, env: environment } = process

keepFilesPrivate()

const words = process.argv.slice(2)

try {
  readEnvFileOf(words)
  process.exitCode = await runCommand(words, { stdin, stdout, stderr, environment })
} catch (error) {
  stderr.write(`latchkey cannot read its settings. ${(error as Error).message}\n`)
  process.exitCode = 1
}
