// Bundles the console: console.js and console.css, which the service serves under names of their content.
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const source = (name) => fileURLToPath(new URL(`src/${name}`, import.meta.url))

/** @param {string} outdir where the two files go */
export async function buildConsole(outdir) {
  await build({
    entryPoints: ['main.tsx', 'style.css'].map((name) => ({ in: source(name), out: 'console' })),
    outdir,
    bundle: true,
    minify: true,
    format: 'esm',
    target: ['es2022', 'chrome111', 'firefox115', 'safari16.4'],
    jsx: 'automatic',
    jsxImportSource: 'preact',
    legalComments: 'none',
    logLevel: 'warning'
  })
}
