import { together } from '../helpers/together.ts'

await together('test', { part: 2, of: 3, deep: false })
