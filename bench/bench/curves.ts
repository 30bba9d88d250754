import { number } from '../compare/figures.ts'
import type { Curve } from '../compare/result.ts'
import { aligned } from '../compare/table.ts'
import { range } from '../compare/telling.ts'
import { spread } from '../shared/statistics.ts'

/** A table: a line for each step of what grows, and a column for each service. */
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
