import { InvalidArgumentError } from 'commander'

/** Reads an option that is a whole number. @throws InvalidArgumentError where it is none */
export const wholeNumber = (least: number, most: number) => (text: string) => {
  const number = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
  if (number >= least && number <= most) return number
  throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`)
}
