/** An error that the user has to fix: of the command line, a file, or a database. */
export class Refusal extends Error {}

export const messageOf = (error: unknown) => (error as Error).message
