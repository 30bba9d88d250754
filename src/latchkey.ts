#!/usr/bin/env node
import { runCommand } from './command-line.ts'
import { keepFilesPrivate } from './data-folder.ts'
import { readEnvFile } from './environment.ts'

const { stdin, stdout, stderr, env: environment } = process

keepFilesPrivate()
try {
  readEnvFile()
  process.exitCode = await runCommand(process.argv.slice(2), { stdin, stdout, stderr, environment })
} catch (error) {
  stderr.write(`latchkey cannot read .env. ${(error as Error).message}\n`)
  process.exitCode = 1
}
