import { choice, duration, file, flag, group, list, number, size, text } from '../options/option-kinds.js'

const ADDRESS = { pattern: /^(?:\[[0-9a-fA-F:.]+\]|[^\s:/]+)?:\d{1,5}$/, called: 'host:port, [address]:port or :port' }

/** Where the gateway listens. */
export const LISTENER = group({
  about: 'One address where the gateway listens',
  fields: {
    address: text({ about: 'Where it listens', required: true, form: ADDRESS, example: '0.0.0.0:443' }),
    tls: group({
      about:
        'The certificates: the one whose name the client asks for is shown, else the first. Renewed files are read again',
      fields: {
        certificates: list({
          about: 'Certificates with their keys',
          required: true,
          least: 1,
          of: group({
            about: 'A certificate with its key',
            fields: {
              certificate: file({ about: 'The certificate and those of its authorities, PEM', required: true }),
              key: file({ about: 'The private key, PEM', required: true }),
            },
          }),
        }),
        minVersion: choice({
          about: 'The oldest version of TLS',
          choices: ['TLSv1.2', 'TLSv1.3'],
          default: 'TLSv1.2',
        }),
      },
    }),
    http2: flag({ about: 'Whether HTTP/2 is offered over TLS', default: true }),
    redirect: text({
      about: 'Answers every request with a redirect to https: on this port',
      form: { pattern: /^https(?::\d{1,5})?$/, called: 'https or https:port' },
      example: 'https',
    }),
    plain: flag({
      about: 'Whether users may sign in here without TLS: for a listener behind a proxy on this machine, and for tests',
      default: false,
    }),
    proxies: list({
      about: 'Addresses of proxies in front, whose X-Forwarded-For and X-Forwarded-Proto are believed',
      of: text({ about: 'An address, or a network', example: '10.0.0.0/8' }),
    }),
    limits: group({
      about: 'What one client may take',
      always: true,
      fields: {
        headers: size({ about: 'Of all headers of a request; Kerberos tokens are up to 64 KB', default: 98_304 }),
        connections: number({ about: 'At one time, of all clients', least: 1, most: 1_000_000, default: 20_000 }),
        connectionsPerAddress: number({
          about: 'At one time, of one address',
          least: 1,
          most: 1_000_000,
          default: 1_000,
        }),
        headersTime: duration({ about: 'Until all headers of a request are there', default: 20_000 }),
        bodyIdle: duration({ about: 'Without an octet of a body, in either direction', default: 60_000 }),
        keepAlive: duration({ about: 'How long a connection without a request stays open', default: 60_000 }),
        streams: number({
          about: 'Requests at one time on a connection of HTTP/2',
          least: 1,
          most: 1_000,
          default: 100,
        }),
      },
    }),
  },
})
