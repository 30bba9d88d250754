import { InvalidArgumentError } from 'commander'

/** Parses an option that is a whole number. @throws InvalidArgumentError if it is not */
export const wholeNumber = (least: number, most: number) => (text: string) => {
  const number = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
  if (number >= least && number <= most) return number
  throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`)
}
