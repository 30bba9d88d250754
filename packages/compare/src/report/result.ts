import { readFileSync, writeFileSync } from 'node:fs'
import { type Static, Type } from '@sinclair/typebox'
import { Value, type ValueError } from '@sinclair/typebox/value'

const strict = { additionalProperties: false }
const Values = Type.Array(Type.Union([Type.Number(), Type.Null()]))

const Curve = Type.Object(
  {
    title: Type.String(),
    /** The quantity that grows, and the measure. */
    x: Type.String(),
    label: Type.String(),
    unit: Type.String(),
    better: Type.Union([Type.Literal('more'), Type.Literal('less')]),
    series: Type.Record(
      Type.String(),
      Type.Array(Type.Object({ x: Type.Number({ exclusiveMinimum: 0 }), values: Values }, strict))
    )
  },
  strict
)

/** The result of a run. Reports are rendered from it alone. */
export const Result = Type.Object(
  {
    kind: Type.Union([Type.Literal('comparison'), Type.Literal('bench')]),
    at: Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}T' }),
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
          name: Type.String({ minLength: 1, maxLength: 24 }),
          url: Type.String(),
          /** How it stands to the contract, in a sentence. */
          contract: Type.String(),
          /** Deviations that the dialect declares. */
          differences: Type.Array(Type.String()),
          /** Lines of source, and packages that an installation brings. */
          size: Type.Optional(Type.Object({ lines: Type.Integer(), packages: Type.Integer() }, strict))
        },
        strict
      )
    ),
    figures: Type.Record(Type.String(), Type.Record(Type.String(), Values)),
    /** Hashes a second of bcrypt alone, by round. */
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
  const content = parsed(file)
  if (Value.Check(Result, content)) return content
  const { path, message } = Value.Errors(Result, content).First() as ValueError
  throw new Error(`${file} holds no result: ${path || '/'} ${message}`)
}

function parsed(file: string): unknown {
  const text = readFileSync(file, 'utf8')
  try {
    return JSON.parse(text)
  } catch {
    throw new Error(`${file} holds no result: it is not JSON`)
  }
}

/** Values of a round stay on one line, so that a difference between two files can be read. */
export function writeResult(file: string, result: Result): void {
  const text = JSON.stringify(result, (_key, value) => (isFraction(value) ? Number(value.toPrecision(5)) : value), 2)
  // Within a string there is no line break.
  const compact = text.replaceAll(/\[\n[^"{[\]]*\]/g, (values) =>
    values.replaceAll(/\s+/g, ' ').replace('[ ', '[').replace(' ]', ']')
  )
  writeFileSync(file, `${compact}\n`)
}

const isFraction = (value: unknown): value is number => typeof value === 'number' && !Number.isInteger(value)
