import fc from 'fast-check'
import type { Known } from './world.ts'

/** A part of a request, which depends on what is known when it is sent. */
export type Part<Value> = (known: Known) => Value

/** The same whatever is known. */
export const constantly = <Value>(value: Value) => fc.constant((): Value => value)

export const constantlyFrom = <Value>(values: readonly Value[]) =>
  fc.constantFrom(...values).map((value) => () => value)
