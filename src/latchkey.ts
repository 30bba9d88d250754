#!/usr/bin/env node
import { runCommand } from './cli/command-line.ts'
import { keepFilesPrivate } from './config/data-folder.ts'
import { readEnvFileOf } from './config/env-file.ts'

const { stdin, stdout, stderr, env: environment } = process

keepFilesPrivate()

const args = process.argv.slice(2)

try {
  readEnvFileOf(args)
  process.exitCode = await runCommand(args, { stdin, stdout, stderr, environment })
} catch (error) {
  stderr.write(`latchkey cannot read its settings. ${(error as Error).message}\n`)
  process.exitCode = 1
}
