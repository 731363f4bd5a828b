/**
 * The backend that fetch.bench.mjs calls, in a process of its own. It answers with the proof that
 * it is told, and at once: what a server does for its answer is not measured there, and must not
 * differ.
 */
import { createServer } from 'node:http'

let proof = {}
const server = createServer({ maxHeaderSize: 65_536, keepAliveTimeout: 60_000 }, (request, response) => {
  response.writeHead(200, request.headers.authorization === undefined ? {} : proof).end('hello')
})
process.on('message', (headers) => void (proof = headers))
process.on('disconnect', () => process.exit())
server.listen(0, () => process.send({ port: server.address().port }))
