import { together } from '../helpers/together.ts'

await together('packages/contract/test/suite')
