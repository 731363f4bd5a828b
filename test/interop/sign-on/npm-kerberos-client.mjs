/**
 * FOLDER HOST ADDRESS PORT: fetches / with the npm package `kerberos`, HOST being at ADDRESS, and
 * prints what came as JSON.
 */
import { createRequire } from 'node:module'
import { request } from 'node:http'

const [folder, host, address, port] = process.argv.slice(2)
const kerberos = createRequire(`${folder}/`)(folder)
const client = await kerberos.initializeClient(`HTTP@${host}`, { mechOID: kerberos.GSS_MECH_OID_SPNEGO })
const headers = { Host: `${host}:${port}`, Authorization: `Negotiate ${await client.step('')}` }
request({ host: address, port, headers }, async (response) => {
  let body = ''
  for await (const chunk of response) body += chunk
  // The context is complete when the service has proved itself.
  await client.step(/^Negotiate (.*)$/.exec(response.headers['www-authenticate'])?.[1] ?? '')
  console.log(JSON.stringify({ status: response.statusCode, body, proved: client.contextComplete }))
}).end()
