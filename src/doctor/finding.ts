/** The result of one check. */
export interface Finding {
  /** The setting, file or part of the database that was checked. */
  about: string
  /** `bad` is an error, `warning` may be intended. */
  state: 'good' | 'warning' | 'bad'
  message: string
  /** How to fix it; present unless the state is `good`, or the message says it. */
  fix?: string
}

const MARKS = { good: 'ok     ', warning: 'warning', bad: 'BAD    ' }

/** Findings as text: a line each, and below it how to fix it. */
export const describeFindings = (findings: Finding[]): string =>
  findings
    .map(({ about, state, message, fix }) =>
      [`${MARKS[state]}  ${about}: ${message}`, ...(fix ? [`         ${fix}`] : [])].join('\n')
    )
    .join('\n')

export const isAnyBad = (findings: Finding[]): boolean => findings.some(({ state }) => state === 'bad')

export const good = (about: string, message: string): Finding => ({ about, state: 'good', message })
export const warning = (about: string, message: string, fix: string): Finding => ({
  about,
  state: 'warning',
  message,
  fix
})
export const bad = (about: string, message: string, fix: string): Finding => ({ about, state: 'bad', message, fix })
