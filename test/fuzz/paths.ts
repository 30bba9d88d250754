import { MARK, PATHS, TEXTS } from '@latchkey/contract/suite/oddities'
import fc from 'fast-check'
import type { Operation } from './document.ts'
import { constantly, constantlyFrom, type Part } from './part.ts'

/** The operation's path, with something in place of each parameter. */
export function fill({ path, parameters = [] }: Operation, value: (name: string, example: string) => string): string {
  return parameters.reduce(
    (filled, { name, example, schema }) =>
      filled.replace(`{${name}}`, () => value(name, example ?? String(schema.examples?.[0] ?? MARK))),
    path
  )
}

/** The name of what is known for a parameter of the operation's path. */
export function knownAs({ path }: Operation, name: string): string {
  if (!path.startsWith('/admin/')) return name
  return name === 'session' ? '/sessions' : path.split('/', 3).join('/')
}

/** Paths with another parameter, with a bend in them, or of something else. */
export function oddPaths(operation: Operation): fc.Arbitrary<Part<string>> {
  const params = fc.oneof(
    constantlyFrom(TEXTS.map((text) => encodeURIComponent(text))),
    constantlyFrom([
      '',
      '%',
      '%ff',
      '%00',
      // Not by itself: what sends the request would take it out of the path.
      '..%2f..',
      `${MARK}/${MARK}`,
      '00000000-0000-7000-8000-000000000000',
      '0'.repeat(36)
    ]),
    constantly('x'.repeat(101)),
    fc.uuid().map((id) => () => id),
    fc.constant<Part<string>>(({ other, former }) => other.id ?? former.id ?? MARK),
    fc.constant<Part<string>>(({ former }) => former.id ?? MARK)
  )
  const bent = fc
    .constantFrom<(path: string) => string>(
      (path) => `${path}/`,
      (path) => `/${path}`,
      (path) => path.toUpperCase(),
      (path) => path.replace(/[a-z]/, (letter) => `%${letter.charCodeAt(0).toString(16)}`),
      (path) => path.replace(/(.)\//, '$1%2f'),
      (path) => `${path}%00`,
      (path) => `${path};${MARK}`
    )
    .map(
      (bend): Part<string> =>
        ({ own }) =>
          bend(fill(operation, (name, example) => own[knownAs(operation, name)] ?? example))
    )
  const filled = params.map(
    (param): Part<string> =>
      (known) =>
        fill(operation, () => param(known))
  )
  const elsewhere = constantlyFrom(PATHS)
  return operation.parameters ? fc.oneof({ weight: 4, arbitrary: filled }, bent) : fc.oneof(bent, elsewhere)
}
