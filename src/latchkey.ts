#!/usr/bin/env node
import { runCommand } from './command-line.ts'
import { readEnvFile } from './config.ts'

const { stdin, stdout, stderr, env: environment } = process

try {
  readEnvFile()
  process.exitCode = await runCommand(process.argv.slice(2), { stdin, stdout, stderr, environment })
} catch (error) {
  stderr.write(`latchkey cannot read .env. ${(error as Error).message}\n`)
  process.exitCode = 1
}
