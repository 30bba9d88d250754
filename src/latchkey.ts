#!/usr/bin/env node
import { runCommand, settingsFailure } from './cli/command-line.ts'
import { keepFilesPrivate } from './config/data-folder.ts'
import { readEnvFileOf } from './config/env-file.ts'

const { stdin, stdout, stderr, env: environment } = process

keepFilesPrivate()

const args = process.argv.slice(2)

try {
  readEnvFileOf(args)
  const serve = () => import('./server.ts')
  process.exitCode = await runCommand(args, { stdin, stdout, stderr, environment }, serve)
} catch (error) {
  stderr.write(settingsFailure(args, error as Error))
  process.exitCode = 1
}
