import { choice, duration, file, group, list, map, secret, text } from '../options/option-kinds.js'

/** As `ntlm()` takes it; a port there is none. */
const HOST = { pattern: /^[\w.:-]+$/, called: 'a host such as dc1.corp.test' } as const
const PRESENCE = ['allow', 'require'] as const

/** NTLM, judged by a domain controller. Without this entry it is neither offered nor accepted. */
export const NTLM = group({
  about: 'NTLM, for clients that get no ticket; it can be relayed, so read docs/ntlm.md first',
  fields: {
    domain: text({ about: 'The NetBIOS name of the domain', required: true, example: 'CORP' }),
    dnsDomain: text({ about: 'The DNS name of the domain', required: true, example: 'corp.test' }),
    domainSid: text({
      about: 'The SID of the domain; another one that claims it is not believed',
      required: true,
      form: { pattern: /^S-1-5-21-\d+-\d+-\d+$/, called: 'the SID of a domain such as S-1-5-21-1-2-3' },
    }),
    account: group({
      about: 'The account by which this machine belongs to the domain; each instance has its own',
      required: true,
      fields: {
        name: text({ about: 'Its name', required: true, example: 'WEB01$' }),
        keytab: file({ about: 'The keytab with its key' }),
        password: secret({ about: 'Its password, in place of the keytab: { env: NAME } or { file: PATH }' }),
      },
    }),
    controllers: list({
      about: 'Domain controllers, best first',
      required: true,
      least: 1,
      of: group({
        about: 'A host alone, or with its address; with a name the machine may sign in with a ticket',
        short: 'host',
        fields: {
          host: text({ about: 'Its name in DNS', required: true, form: HOST, example: 'dc1.corp.test' }),
          address: text({ about: 'Its IP address, where the name does not lead to it', example: '10.0.0.7' }),
        },
      }),
    }),
    kdc: list({
      about: 'The KDCs that the machine gets its ticket from; without it the domain controllers',
      of: text({ about: 'A host, with or without a port', example: 'dc1.corp.test' }),
    }),
    trustedDomains: map({
      about: 'Other domains whose users may come, with their SIDs',
      of: text({ about: 'A SID', example: 'S-1-5-21-7-7-7' }),
    }),
    hosts: list({
      about: 'Further names under which clients reach the gateway',
      of: text({ about: 'A host', example: 'www.corp.test' }),
    }),
    targetName: choice({
      about: 'Whether a client must say which service it means',
      choices: PRESENCE,
      default: 'allow',
    }),
    channelBinding: choice({
      about:
        'Whether a response must be bound to the TLS connection (extended protection); without it require where Negotiate requires it, else allow',
      choices: PRESENCE,
    }),
    mic: choice({
      about: 'Whether all messages must be protected, or where the client says so',
      choices: ['announced', 'require'],
      default: 'announced',
    }),
    timeLimit: duration({ about: 'How long one controller may take', default: 5000 }),
  },
})
