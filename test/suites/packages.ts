import { together } from '../helpers/together.ts'

await together('packages/client/test')
