import { together } from '../helpers/together.ts'

await together('test', { part: 1, of: 2, deep: false })
