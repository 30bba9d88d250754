#!/usr/bin/env node
import { runCommand } from './command-line.ts'
import { readEnvFile } from './config.ts'

const { stdin, stdout, stderr, env: environment } = process
readEnvFile()
process.exitCode = await runCommand(process.argv.slice(2), { stdin, stdout, stderr, environment })
