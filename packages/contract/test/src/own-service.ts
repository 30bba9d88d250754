import type { RequestListener } from 'node:http'
import tap, { type Test } from 'tap'
import { type Application, build } from '../suite/application.ts'
import { serve } from './serve.ts'

let application: Promise<Application> | undefined

/**
 * The application that CONTRACT_APPLICATION names, which all tests of this process share, behind a server that may answer
 * in its place.
 *
 * @param instead answers and says so, or lets the application answer
 */
export async function ownService(
  t: Test,
  instead: (...asked: Parameters<RequestListener>) => boolean = () => false
): Promise<URL> {
  application ??= build(tap as unknown as Test)
  const { server } = await application
  return serve(t, (request, response) => {
    if (!instead(request, response)) server.emit('request', request, response)
  })
}
