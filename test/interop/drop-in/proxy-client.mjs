/** JSON: asks for a page through a proxy with proxy-agent-negotiate, and prints what it says. */
import { request } from 'node:http'
import { createNegotiateAuth } from 'proxy-agent-negotiate'

const { proxy, url } = JSON.parse(process.argv[2])

const first = await ask({})
const scheme = String(first.headers['proxy-authenticate']).split(' ')[0]
const { headers } = await createNegotiateAuth()({ response: first, scheme })
const second = await ask(headers)
console.log(JSON.stringify({ first: first.statusCode, scheme, second: second.statusCode, body: second.body }))

function ask(headers) {
  const { hostname, port } = new URL(proxy)
  return new Promise((resolve, reject) => {
    request({ hostname, port, path: url, headers: { ...headers, host: new URL(url).host } }, (response) => {
      let body = ''
      response.on('data', (chunk) => (body += chunk))
      response.on('end', () => resolve(Object.assign(response, { body })))
    })
      .on('error', reject)
      .end()
  })
}
