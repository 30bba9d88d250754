/** Builds dist/ with the TypeScript compiler: ES modules, each with its types. */
import { execFileSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('.', import.meta.url))
// The compiler of the repository: openapi-typescript brings an earlier one, which comes first here.
const typescript = createRequire(new URL('../../package.json', import.meta.url)).resolve('typescript/package.json')
rmSync(join(folder, 'dist'), { recursive: true, force: true })
execFileSync(process.execPath, [join(dirname(typescript), 'bin/tsc'), '-p', join(folder, 'tsconfig.build.json')], {
  stdio: 'inherit'
})
