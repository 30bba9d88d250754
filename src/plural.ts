/** How many of something there are: `1 session`, `2 sessions`. */
export const countOf = (count: number, what: string) => `${count} ${what}${count === 1 ? '' : 's'}`
