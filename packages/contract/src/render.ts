import { styleText } from 'node:util'
import type { ContractReport, Expectation, State } from './report.ts'

const MARKS = {
  holds: ['green', '✓'],
  differs: ['yellow', '≠'],
  fails: ['red', '✗'],
  'not checked': ['gray', '–']
} as const

/** How many details of one expectation are shown; --json has them all. */
const SHOWN = 6

/** A report for people, in colours where a terminal shows it. */
export function renderReport(report: ContractReport, colours: boolean): string {
  const paint = (state: State, text: string) =>
    colours ? styleText(MARKS[state][0], text, { validateStream: false }) : text
  const heading = `${report.name ?? 'The service'} at ${report.url}: ${report.scope === 'core' ? 'the core of the contract' : 'the whole contract'}`
  const lines = [heading]
  for (const { title, expectations } of report.sections) {
    lines.push('', title)
    for (const { title, state, details } of expectations) {
      lines.push(`  ${paint(state, MARKS[state][1])} ${title}${state === 'not checked' ? ' (not checked)' : ''}`)
      for (const detail of details.slice(0, SHOWN)) lines.push(`      ${detail}`)
      if (details.length > SHOWN) lines.push(`      and ${details.length - SHOWN} more`)
    }
  }
  return [...lines, '', verdict(report), ''].join('\n')
}

function verdict({ counts, kept }: ContractReport): string {
  const told = [`${counts.holds} to the letter`]
  if (counts.differs > 0) told.push(`${counts.differs} in its dialect`)
  if (counts.fails > 0) told.push(`${counts.fails} not`)
  if (counts['not checked'] > 0) told.push(`${counts['not checked']} not checked`)
  return `${kept ? 'Kept' : 'Not kept'}: ${told.join(', ')}.`
}

/** One line of progress. */
export const renderProgress = (section: string, { title, state }: Expectation) =>
  `${MARKS[state][1]} ${section}: ${title}`
