/**
 * Fails if an entry of the built package is larger than promised: bundled with what it imports, minified, and compressed.
 *
 *   node packages/client/build.mjs && node packages/client/size.mjs
 */
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

/** Bytes. */
const LIMITS = { index: 2560, passkeys: 1536, api: 5120, react: 300 }

for (const [entry, limit] of Object.entries(LIMITS)) {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(`dist/${entry}.js`, import.meta.url))],
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    external: ['react'],
    legalComments: 'none',
    write: false
  })
  const bytes = gzipSync(outputFiles[0]?.contents ?? '', { level: 9 }).length
  const isSmall = bytes <= limit
  process.stdout.write(`${isSmall ? 'ok  ' : 'FAILED  '}${entry}: ${bytes} of at most ${limit} bytes\n`)
  if (!isSmall) process.exitCode = 1
}
