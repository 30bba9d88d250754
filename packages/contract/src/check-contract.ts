import { CORE, look, type Seen } from '../test/suite/core.ts'
import { type Dialect, DialectError, nearest } from './dialect.ts'
import type { ContractReport, Expectation } from './report.ts'
import { runSuite } from './run-suite.ts'
import { checkLimits, openTarget, type Target } from './target.ts'

export { TargetError } from './target.ts'

export interface Options {
  /** Checks only the core: what every implementation of the small API does. */
  core?: boolean
  /** Where the implementation differs by choice: of the core alone. */
  dialect?: Dialect
  /** Its HS256 secret, if that is not in the variable that the dialect names. */
  secret?: string
  /** The directory of the suite of the full contract, if not our own. Ends with a slash. */
  suite?: URL
  /** Told of each expectation as soon as it is known. */
  onExpectation?: (section: string, expectation: Expectation) => void
}

/** The order of CONTRACT's sections. */
const ORDER = ['Conventions', 'The heart', 'Access tokens', 'Sessions', 'Limits', 'Service']

/**
 * Checks whether the service at a URL keeps the contract.
 * @throws {TargetError} if nothing answers, the service is of another kind, or it limits requests
 * @throws {DialectError} if a dialect is given for the full contract, or `lacks` has an unknown expectation
 */
export async function checkContract(url: string, options: Options = {}): Promise<ContractReport> {
  const { core = false, dialect = {}, onExpectation } = options
  if (!core && options.dialect) throw new DialectError('a dialect is one of the core: add --core')
  checkLacks(dialect)
  const secret = options.secret ?? secretOf(dialect)
  const sections = new Map<string, Expectation[]>(ORDER.map((title) => [title, []]))
  const add = (section: string, expectation: Expectation) => {
    sections.set(section, [...(sections.get(section) ?? []), expectation])
    onExpectation?.(section, expectation)
  }
  const target = await openTarget(url, dialect.paths?.secret ?? '/secret')
  try {
    if (core) await runCore(target, dialect, secret, add)
    else {
      await checkLimits(target)
      await runSuite(new URL(url).origin, add, options.suite)
    }
  } finally {
    target.close()
  }
  return reportOf(new URL(url).origin, core ? 'core' : 'whole', dialect.name, sections)
}

async function runCore(
  { request }: Target,
  dialect: Dialect,
  secret: string | undefined,
  add: (section: string, expectation: Expectation) => void
): Promise<void> {
  for (const expectation of CORE) {
    const { id, section, title } = expectation
    const lacks = dialect.lacks?.[id]
    if (lacks !== undefined) add(section, { title, state: 'not checked', details: [lacks] })
    else add(section, judged(title, await look(expectation, { request, dialect, ...(secret && { secret }) })))
  }
}

function judged(title: string, { faults, differences, unchecked }: Seen): Expectation {
  if (faults.length > 0) return { title, state: 'fails', details: faults }
  if (unchecked !== undefined) return { title, state: 'not checked', details: [unchecked] }
  return { title, state: differences.length > 0 ? 'differs' : 'holds', details: differences }
}

function checkLacks({ lacks = {} }: Dialect): void {
  const known = CORE.map(({ id }) => id)
  const unknown = Object.keys(lacks).find((id) => !known.includes(id))
  if (unknown === undefined) return
  const near = nearest(unknown, known)
  const hint = near ? `did you mean ${JSON.stringify(near)}?` : `there are ${known.join(', ')}`
  throw new DialectError(`there is no ${JSON.stringify(unknown)} in lacks; ${hint}`)
}

function secretOf({ secret_env }: Dialect): string | undefined {
  return secret_env === undefined ? undefined : process.env[secret_env]
}

function reportOf(
  url: string,
  scope: ContractReport['scope'],
  name: string | undefined,
  byTitle: Map<string, Expectation[]>
): ContractReport {
  const counts: ContractReport['counts'] = { holds: 0, differs: 0, fails: 0, 'not checked': 0 }
  const sections = [...byTitle].map(([title, expectations]) => ({ title, expectations }))
  for (const { state } of sections.flatMap(({ expectations }) => expectations)) counts[state] += 1
  return {
    url,
    ...(name !== undefined && { name }),
    scope,
    kept: counts.fails === 0,
    counts,
    sections: sections.filter(({ expectations }) => expectations.length > 0)
  }
}
