import { readFileSync, writeFileSync } from 'node:fs'
import { type Static, Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'

const strict = { additionalProperties: false }
const Values = Type.Array(Type.Union([Type.Number(), Type.Null()]))

const Curve = Type.Object(
  {
    title: Type.String(),
    /** What grows, and what is measured meanwhile. */
    x: Type.String(),
    label: Type.String(),
    unit: Type.String(),
    better: Type.Union([Type.Literal('more'), Type.Literal('less')]),
    series: Type.Record(Type.String(), Type.Array(Type.Object({ x: Type.Number(), values: Values }, strict)))
  },
  strict
)

/** All that is known of a run: what is printed and drawn is made of this alone. */
export const Result = Type.Object(
  {
    kind: Type.Union([Type.Literal('comparison'), Type.Literal('bench')]),
    at: Type.String(),
    command: Type.String(),
    commit: Type.String(),
    machine: Type.Object(
      { processor: Type.String(), cores: Type.Integer(), memory: Type.Integer(), system: Type.String() },
      strict
    ),
    versions: Type.Record(Type.String(), Type.String()),
    settings: Type.Object(
      {
        rounds: Type.Integer(),
        seconds: Type.Number(),
        connections: Type.Integer(),
        clients: Type.Integer(),
        storm: Type.Integer(),
        cost: Type.Integer()
      },
      strict
    ),
    targets: Type.Array(
      Type.Object(
        {
          name: Type.String(),
          url: Type.String(),
          start: Type.Optional(Type.String()),
          /** How it stands to the contract, in a sentence. */
          contract: Type.String(),
          /** What it does otherwise by choice. */
          differences: Type.Array(Type.String())
        },
        strict
      )
    ),
    figures: Type.Record(Type.String(), Type.Record(Type.String(), Values)),
    /** By round, what bcrypt alone does here, in hashes a second. */
    bcrypt: Type.Array(Type.Number()),
    /** By round, the 99th percentile with which an empty server answers in the storms, in milliseconds. */
    control: Type.Array(Type.Number()),
    /** Of each measurement, the share of the machine that other programs took. */
    others: Type.Array(Type.Number()),
    curves: Type.Array(Curve)
  },
  strict
)
export type Result = Static<typeof Result>
export type Curve = Static<typeof Curve>

/** @throws Error where the file does not hold a result */
export function readResult(file: string): Result {
  const content: unknown = JSON.parse(readFileSync(file, 'utf8'))
  if (Value.Check(Result, content)) return content
  const fault = Value.Errors(Result, content).First()
  throw new Error(`${file} holds no result: ${fault?.path || '/'} ${fault?.message}`)
}

/** Values of a round stay on one line, so that a difference between two files can be read. */
export function writeResult(file: string, result: Result): void {
  const short = (_key: string, value: unknown) => (typeof value === 'number' ? Number(value.toPrecision(5)) : value)
  const text = JSON.stringify(result, short, 2)
  const compact = text.replaceAll(
    /\[\s+((?:[\d.e+-]+|null)(?:,\s+(?:[\d.e+-]+|null))*)\s+\]/g,
    (_all, items: string) => {
      return `[${items.split(/,\s+/).join(', ')}]`
    }
  )
  writeFileSync(file, `${compact}\n`)
}
