/** `differs` is a deviation that the dialect declares; `not checked` never counts as kept. */
export type State = 'holds' | 'differs' | 'fails' | 'not checked'

export interface Expectation {
  title: string
  state: State
  /** Observations, one line each; none if the expectation holds. */
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
  /** Whether nothing failed. Differences that the dialect declares do not count. */
  kept: boolean
  counts: Record<State, number>
  sections: Section[]
}
