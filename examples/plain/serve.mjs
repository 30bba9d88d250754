/** Serves the page, and the client as it was built: SERVICE=http://localhost:3000 node serve.mjs [port] */
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'

const [port = '8080'] = process.argv.slice(2)
const { SERVICE = 'http://localhost:3000' } = process.env
const client = new URL('../../packages/client/dist/', import.meta.url)

createServer(async ({ url = '/' }, response) => {
  const [, folder, file = 'index.html'] = /^\/(client\/)?([\w-]+\.js)?$/.exec(url) ?? [undefined, undefined, 'none']
  const content = await readFile(new URL(file, folder ? client : import.meta.url), 'utf8').catch(() => undefined)
  const type = file.endsWith('.html') ? 'text/html' : 'text/javascript'
  response.writeHead(content ? 200 : 404, { 'content-type': type })
  response.end(content?.replace('content="http://localhost:3000"', `content="${SERVICE}"`))
}).listen(Number(port), 'localhost', () => process.stdout.write(`http://localhost:${port}\n`))
