import { together } from '../helpers/together.ts'

await together('test', { part: 2, of: 2, deep: false })
