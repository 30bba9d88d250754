import type { Dialect } from './dialect.ts'

/** `differs` is what the dialect foretold; `not checked` is never counted as kept. */
export type State = 'holds' | 'differs' | 'fails' | 'not checked'

export interface Expectation {
  title: string
  state: State
  /** What was seen, each on one line; none where it holds. */
  details: string[]
}

export interface Section {
  title: string
  expectations: Expectation[]
}

export interface ContractReport {
  url: string
  /** The dialect's name, where there is one. */
  name?: string
  scope: 'core' | 'whole'
  /** Nothing failed. What differs by the dialect does not count against it. */
  kept: boolean
  counts: Record<State, number>
  sections: Section[]
}

export interface Options {
  core?: boolean
  dialect?: Dialect
  /** Told of each expectation as soon as it is known. */
  onExpectation?: (section: string, expectation: Expectation) => void
}

/** No contract could be checked there. The message is one line for the person who gave the URL. */
export class TargetError extends Error {
  override name = 'TargetError'
}

/**
 * Checks whether the service at a URL keeps the contract.
 * @throws {TargetError} where nothing answers, what answers is of another kind, or it limits requests
 */
export async function checkContract(_url: string, _options: Options = {}): Promise<ContractReport> {
  throw new TargetError('not built yet')
}
