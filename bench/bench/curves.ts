import { spread } from '@latchkey/compare/measure/statistics'
import { number } from '@latchkey/compare/report/figures'
import type { Curve } from '@latchkey/compare/report/result'
import { aligned } from '@latchkey/compare/report/table'
import { range } from '@latchkey/compare/report/verdicts'

/** Formats a curve as a table: one line for each step, one column for each service. */
export function curveText({ title, x: along, label, unit, series }: Curve): string {
  const names = Object.keys(series)
  const steps = new Set(Object.values(series).flatMap((points) => points.map(({ x }) => x)))
  const rows = [...steps].map((step) => [
    `  ${step.toLocaleString('en')}`,
    ...Object.values(series).map((points) => cell(points.find(({ x }) => x === step)?.values ?? []))
  ])
  return aligned([[`${title}: ${label}, ${unit}`], [`  ${along}`, ...names], ...rows])
}

function cell(values: (number | null)[]): string {
  const there = values.filter((value) => value !== null)
  if (there.length === 0) return '–'
  const told = spread(there)
  return `${number(told.median)} ${range(told)}`
}
