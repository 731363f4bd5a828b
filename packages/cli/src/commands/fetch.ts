import { writeFileSync } from 'node:fs'
import { formatPrincipal } from '@s4u/krb5'
import { accessOf, CREDENTIAL_OPTIONS } from '../access/credentials.js'
import { defineCommand } from '../command-line/command.js'
import type { GivenOf } from '../command-line/options.js'
import { bodyOctets } from '../requests/body-octets.js'
import { checkedUrl } from '../requests/checked-url.js'
import { fields, line, styled } from '../terminal/blocks.js'
import type { Report } from '../terminal/report.js'
import { UsageError } from '../usage-error.js'

const OPTIONS = {
  as: { kind: 'text', short: 'U', value: 'USER', about: 'in the name of this user, for whom the account acts' },
  method: { kind: 'text', short: 'X', value: 'METHOD', about: 'default: GET, and POST with --data' },
  header: { kind: 'texts', short: 'H', value: 'NAME:VALUE', about: 'send this header too' },
  data: { kind: 'text', short: 'd', value: 'TEXT', about: 'send this body' },
  include: { kind: 'flag', short: 'i', about: 'print the status and the headers before the body' },
  output: { kind: 'text', short: 'o', value: 'FILE', completes: 'file', about: 'write the body into this file' },
  mutual: {
    kind: 'text',
    value: 'HOW',
    choices: ['require', 'optional', 'off'],
    about: 'proof of the server; default require',
  },
  ...CREDENTIAL_OPTIONS,
} as const

export const fetchCommand = defineCommand({
  name: 'fetch',
  summary: 'Request a URL with a ticket, and print the body of the answer',
  details: 'A status of 400 or more makes the exit code 1; the body is printed all the same.',
  operands: [{ name: 'URL', about: 'http: or https:', required: true }],
  options: OPTIONS,
  examples: [
    { line: 's4u fetch https://api.corp.test/orders', about: 'with the tickets of the default cache' },
    {
      line: 's4u fetch -t web.keytab --as alice https://api.corp.test/orders',
      about: 'as alice, for whom web may act',
    },
  ],
  async run(given, session) {
    const [url = ''] = given.operands
    // Loaded where it is needed: the HTTP client is the largest part of this program.
    const { requestAs } = await import('../requests/request-as.js')
    const { client } = accessOf(given, session)
    const answered = await requestAs(client, { url: checkedUrl(url), ...requestOf(given, session.signal) })
    const { response, ticket, isServerProven } = answered
    const octets = await bodyOctets(response)
    const { status, statusText } = response
    const headers = [...response.headers]
    const value = {
      url: response.url || url,
      status,
      headers: Object.fromEntries(headers),
      client: ticket === undefined ? null : formatPrincipal(ticket.client),
      service: ticket === undefined ? null : formatPrincipal(ticket.service),
      serverProven: isServerProven,
      ...bodyValue(octets),
    }
    const outcome = status < 400 ? 'ok' : 'refused'
    return { value, outcome, ...printedAs(given, octets, `${status} ${statusText}`, headers) }
  },
})

function requestOf(given: GivenOf<typeof OPTIONS>, signal: AbortSignal) {
  const body = given.text('data')
  const user = given.text('as')
  const mutual = given.text('mutual')
  const headers = given.texts('header').map((text): [string, string] => {
    const [, name = '', value = ''] = /^([^:\s]+):\s*(.*)$/.exec(text) ?? []
    if (name === '') throw new UsageError('a header is not NAME: VALUE', "Write it so: -H 'Accept: text/plain'")
    return [name, value]
  })
  const method = given.text('method') ?? (body === undefined ? 'GET' : 'POST')
  const mutualAuthentication = mutual === 'optional' || mutual === 'off' ? mutual : 'require'
  const init = { method, headers, signal, ...(body !== undefined && { body }) }
  return { init, mutualAuthentication, ...(user !== undefined && { user }) } as const
}

function bodyValue(octets: Uint8Array) {
  try {
    return { body: new TextDecoder('utf-8', { fatal: true }).decode(octets) }
  } catch {
    return { bodyBase64: Buffer.from(octets).toString('base64') }
  }
}

function printedAs(
  given: GivenOf<typeof OPTIONS>,
  octets: Uint8Array,
  status: string,
  headers: readonly (readonly [string, string])[],
): Pick<Report, 'blocks' | 'octets'> {
  const path = given.text('output')
  const head = given.flag('include') ? [line(styled('bold', status)), fields(headers), line('')] : []
  if (path !== undefined) {
    writeFileSync(path, octets)
    return { blocks: [...head, line(`${octets.length} octets are in ${path}`)] }
  }
  return { blocks: head, octets }
}
