/**
 * Measures services that keep the same contract, side by side and round by round, and compares them.
 *
 *   npm run compare -- typescript=http://127.0.0.1:3000 python=http://127.0.0.1:8000 go=http://127.0.0.1:8080
 *
 * `--help` says what else there is. Limits by client address have to be off.
 */
import { runCompare } from './command.ts'

process.exitCode = await runCompare(process.argv.slice(2), process)
