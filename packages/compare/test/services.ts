import type { RequestListener } from 'node:http'
import { freePort } from '../src/measure/free-port.ts'

export { ownService } from '../../contract/test/src/own-service.ts'
export { serve } from '../../contract/test/src/serve.ts'

/** A service without anything behind it: no account, no hash. */
export const hollow: RequestListener = ({ url, headers }, response) => {
  const answers = { '/register': 201, '/login': 200, '/secret': headers.authorization === 'Bearer good' ? 200 : 401 }
  response.writeHead(answers[url as keyof typeof answers] ?? 404, { 'content-type': 'application/json' })
  response.end('{"access_token":"good"}')
}

/** The shell command that starts such a service. */
export const hollowCommand = ({ port }: URL) =>
  `NODE_OPTIONS= '${process.execPath}' -e 'require("http").createServer(({ url, headers }, response) => response
    .writeHead({ "/register": 201, "/login": 200 }[url] ?? (headers.authorization ? 200 : 401), { "content-type": "application/json" })
    .end(JSON.stringify({ access_token: "good" }))).listen(${port}, "127.0.0.1")'`

/** A closed port: that of tcpmux, which only root may use. */
export const NOWHERE = new URL('http://127.0.0.1:1')

/** A free port. */
export const nobodyYet = async () => new URL(`http://127.0.0.1:${await freePort()}`)
