/**
 * Checks whether the service at a URL keeps the contract, in any language.
 *
 *   npm run contract -- http://127.0.0.1:8000
 *   npm run contract -- http://127.0.0.1:8000 --core --dialect packages/contract/dialects/fastapi.json
 */
import { runContract } from './command.ts'

process.exitCode = await runContract(process.argv.slice(2), process)
