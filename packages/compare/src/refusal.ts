/** What the one who started it has to mend: the command line, a file, a database. */
export class Refusal extends Error {}

export const messageOf = (error: unknown) => (error as Error).message
