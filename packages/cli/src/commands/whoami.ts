import { encryptionTypeName, formatPrincipal } from '@s4u/krb5'
import { cacheOf } from '../access/caches.js'
import { accessOf, CREDENTIAL_OPTIONS } from '../access/credentials.js'
import { defineCommand } from '../command-line/command.js'
import { checkedUrl } from '../requests/checked-url.js'
import { fields, line, styled } from '../terminal/blocks.js'
import type { Report } from '../terminal/report.js'
import { localTime, utcTime } from '../terminal/times.js'

export const whoami = defineCommand({
  name: 'whoami',
  summary: 'Show who one is: in the credential cache, or to a server',
  details:
    'With a URL it is asked for with a ticket, and shown is in whose name, for which service, whether the server took the ticket, and whether it has proved who it is.',
  operands: [{ name: 'URL', about: 'a server that takes Negotiate' }],
  options: {
    as: { kind: 'text', short: 'U', value: 'USER', about: 'in the name of this user, for whom the account acts' },
    ...CREDENTIAL_OPTIONS,
  },
  examples: [
    { line: 's4u whoami', about: 'whose tickets are in the default cache' },
    { line: 's4u whoami https://web.corp.test/', about: 'as whom that server sees this machine' },
  ],
  async run(given, session) {
    const [url] = given.operands
    if (url === undefined) return ofCache(given.text('cache'), given.text('krb5Config'))
    const user = given.text('as')
    // Loaded where it is needed: the HTTP client is the largest part of this program.
    const { requestAs } = await import('../requests/request-as.js')
    const { client } = accessOf(given, session)
    const { response, ticket, isServerProven } = await requestAs(client, {
      url: checkedUrl(url),
      init: { signal: session.signal, redirect: 'manual' },
      mutualAuthentication: 'optional',
      ...(user !== undefined && { user }),
    })
    await response.body?.cancel()
    const { status } = response
    const isTaken = ticket !== undefined && status !== 401
    return {
      value: {
        url,
        status,
        accepted: isTaken,
        serverProven: isServerProven,
        client: ticket === undefined ? null : formatPrincipal(ticket.client),
        service: ticket === undefined ? null : formatPrincipal(ticket.service),
        expiresAt: utcTime(ticket?.expiresAt),
      },
      blocks: [
        fields([
          [
            'You are',
            ticket === undefined
              ? styled('bad', 'nobody: no ticket was shown')
              : styled('bold', formatPrincipal(ticket.client)),
          ],
          ticket && ['Service', formatPrincipal(ticket.service)],
          ticket && [
            'Ticket',
            `${encryptionTypeName(ticket.ticket.encPart.etype)}, until ${localTime(ticket.expiresAt)}`,
          ],
          ['Answer', isTaken ? styled('good', `${status}`) : styled('bad', `${status}, the ticket was not taken`)],
          [
            'Server',
            isServerProven ? styled('good', 'has proved who it is') : styled('warning', 'has not proved who it is'),
          ],
        ]),
      ],
      outcome: isTaken ? 'ok' : 'refused',
    }
  },
})

async function ofCache(name: string | undefined, krb5Config: string | undefined): Promise<Report> {
  const cache = cacheOf({ cache: name, krb5Config })
  const principal = formatPrincipal((await cache.read()).principal)
  return { value: { principal, cache: cache.name }, blocks: [line(principal)] }
}
