import { existsSync, readFileSync } from 'node:fs'

/** The version of the service. */
export const VERSION = (JSON.parse(readFileSync(packageFile(), 'utf8')) as { version: string }).version

/** package.json is one directory above the sources, and two above the compiled files. */
function packageFile(): URL {
  const places = ['../package.json', '../../package.json'].map((path) => new URL(path, import.meta.url))
  return places.find((place) => existsSync(place)) as URL
}
