import { checkContract } from '@latchkey/contract/check-contract'
import { type Dialect, readDialect } from '@latchkey/contract/dialect'
import type { State } from '@latchkey/contract/report'
import type { Checked } from './measure/comparison.ts'
import { ServiceError } from './measure/load.ts'
import type { Surface } from './measure/subject.ts'
import type { Target } from './measure/targets.ts'

/** How a service is spoken to that differs so from the contract; our own without anything. */
export function surfaceOf({
  paths,
  fields,
  statuses,
  identifier = 'username',
  register,
  login
}: Dialect = {}): Surface {
  return {
    register: {
      path: paths?.register ?? '/register',
      status: statuses?.registered ?? 201,
      extra: register?.extra ?? {}
    },
    login: { path: paths?.login ?? '/login', status: statuses?.signed_in ?? 200, extra: login?.extra ?? {} },
    secret: { path: paths?.secret ?? '/secret' },
    name: fields?.[identifier] ?? identifier,
    isEmail: identifier === 'email',
    password: fields?.password ?? 'password',
    token: fields?.access_token ?? 'access_token'
  }
}

/**
 * Whether a target keeps the core of the contract: without that, its figures are those of something else.
 *
 * @throws ServiceError with the deviations
 * @throws TargetError, DialectError where that could not be found out
 */
export async function check({ name, url, dialect: file, environment = {} }: Target): Promise<Checked> {
  const dialect = file === undefined ? {} : readDialect(file)
  const secret = environment[dialect.secret_env ?? '']
  const report = await checkContract(url.origin, { core: true, dialect, ...(secret && { secret }) })
  const of = (state: State) =>
    report.sections.flatMap(({ expectations }) => expectations.filter((expectation) => expectation.state === state))
  if (!report.kept) {
    const faults = of('fails').map(({ title, details }) => `  ${title}: ${details.join('; ')}`)
    throw new ServiceError(`${name} does not keep the contract:\n${faults.join('\n')}`)
  }
  const { holds, differs, 'not checked': unchecked } = report.counts
  const contract = `keeps the core: ${holds} hold, ${differs} differ by choice, ${unchecked} not checked`
  const differences = [...of('differs'), ...of('not checked')].map(
    ({ title, details }) => `${title}: ${details.join('; ')}`
  )
  return { surface: surfaceOf(dialect), contract, differences }
}
