// Builds dist/ where a source is newer than it, so that a second start does not wait for the compiler.
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync
} from 'node:fs'

const FOLDERS = ['src', 'plugins', 'routes', 'commands']
const STAMP = 'dist/.built'

const filesOf = (folder) => readdirSync(folder, { recursive: true }).map((file) => `${folder}/${file}`)
/** What is copied as it is. */
const COPIED = ['sql', 'mail', 'pages']

/** The sources of the console, which is bundled into two files. */
const CONSOLE = 'packages/console/src'

const inputs = [...FOLDERS, ...COPIED, CONSOLE]
  .flatMap(filesOf)
  .concat('package-lock.json', 'tsconfig.json', 'tsconfig.build.json')
const started = new Date()
const builtAt = existsSync(STAMP) ? statSync(STAMP).mtimeMs : 0

// A folder is newer when a file in it has come or gone.
if (inputs.concat(FOLDERS, COPIED, CONSOLE).some((input) => statSync(input).mtimeMs > builtAt)) await build()

/** A person who waits is told why; a log needs nothing. */
function say(line) {
  if (process.stdout.isTTY) process.stdout.write(`${line}\n`)
}

async function build() {
  say('Building. This takes about ten seconds, and only after a change.')
  const { status } = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'], {
    stdio: 'inherit'
  })
  if (status !== 0) process.exit(1)

  // The compiler keeps the output of sources that are gone, which would still be loaded as plugins and routes.
  for (const output of FOLDERS.flatMap((folder) => filesOf(`dist/${folder}`))) {
    const source = output.slice('dist/'.length).replace(/\.js(\.map)?$/, '')
    if (/\.js(\.map)?$/.test(output) && !existsSync(`${source}.ts`) && !existsSync(`${source}.js`)) rmSync(output)
  }

  const broken = FOLDERS.flatMap((folder) => filesOf(`dist/${folder}`)).filter(importsSource)
  if (broken.length > 0) {
    process.stderr.write(`These would import a source that is not in dist/: ${broken.join(', ')}\n`)
    process.exit(1)
  }

  for (const folder of COPIED) {
    rmSync(`dist/${folder}`, { recursive: true, force: true })
    cpSync(folder, `dist/${folder}`, { recursive: true })
  }
  cpSync('src/plugin/latchkey.d.ts', 'dist/src/plugin/plugin.d.ts')
  cpSync('src/plugin/server-options.d.ts', 'dist/src/transport/server-options.d.ts')
  // Not above: a production installation has the build and no bundler.
  const { buildConsole } = await import('./packages/console/build.mjs')
  await buildConsole('dist/console')
  // npm does this to the program of a package that it installs; here it is started by its path.
  chmodSync('dist/src/latchkey.js', 0o755)
  writeFileSync(STAMP, '')
  utimesSync(STAMP, started, started)
}

/** The compiler leaves out some of the paths that it should rewrite, such as those of dynamic imports in an export. */
function importsSource(output) {
  return (
    output.endsWith('.js') &&
    /^(?!\s*(?:\/[/*]|\*)).*['"`]\.{1,2}\/[^'"`]*\.ts['"`]/m.test(readFileSync(output, 'utf8'))
  )
}
