import { InvalidArgumentError } from 'commander'

/** The value of an option that is a number of seconds. @throws InvalidArgumentError where it is none */
export function seconds(text: string): number {
  const number = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN
  if (number >= 0.05 && number <= 600) return number
  throw new InvalidArgumentError('It must be a number from 0.05 to 600.')
}
