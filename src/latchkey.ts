#!/usr/bin/env node
import { runCommand, settingsFailure } from './cli/command-line.ts'
import { keepFilesPrivate } from './config/data-folder.ts'
import { readEnvFileOf } from './config/env-file.ts'

const { stdin, stdout, stderr, env: environment } = process

keepFilesPrivate()

const args = process.argv.slice(2)

try {
  readEnvFileOf(args)
  process.exitCode = await runCommand(args, { stdin, stdout, stderr, environment }, import.meta.resolve('./server.js'))
} catch (error) {
  stderr.write(settingsFailure(args, error as Error))
  process.exitCode = 1
}
