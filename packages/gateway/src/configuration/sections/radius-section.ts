import { choice, file, group, list, number, secret, text } from '../options/option-kinds.js'

/** The servers that check codes. */
export const RADIUS = group({
  about: 'The RADIUS servers that check the code',
  fields: {
    servers: list({
      about: 'Hosts, with or without a port',
      required: true,
      least: 1,
      of: text({ about: 'A host' }),
    }),
    secret: secret({ about: 'The secret shared with them: { env: NAME } or { file: PATH }; needed without tls' }),
    protocol: choice({ about: 'How the code is carried', choices: ['pap', 'chap'], default: 'pap' }),
    tls: group({
      about: 'RADIUS over TLS (RFC 6614), at port 2083 unless another is written',
      fields: {
        ca: file({ about: 'The authorities of the certificates of the servers, PEM; without it those of Node' }),
        cert: file({ about: 'The certificate of this client, PEM' }),
        key: file({ about: 'Its private key, PEM' }),
        serverName: text({ about: 'The name in the certificates, where that is not the one in servers' }),
        connections: number({
          about: 'The most connections to one server; each carries one request at a time',
          ...{ least: 1, most: 64, default: 4 },
        }),
      },
    }),
  },
})
