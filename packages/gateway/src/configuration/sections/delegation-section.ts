import { choice, duration, flag, group, text } from '../options/option-kinds.js'

/** How the inner server learns who the user is. */
export const DELEGATION = group({
  about: 'How the inner server learns who the user is',
  always: true,
  fields: {
    as: choice({
      about:
        'kerberos: a ticket in the name of the user with each request; basic: the password that was typed; none: nothing',
      choices: ['kerberos', 'basic', 'none'],
      default: 'kerberos',
    }),
    service: text({
      about:
        'The service principal name of the inner server, or http/* for the own name of each member of a farm; without it http/HOST of `to`',
      form: { pattern: /^[^/@\s]+\/[^\s/]+$/, called: 'class/host, such as http/orders.ad.test or http/*' },
      example: 'http/orders.ad.test',
    }),
    proof: choice({
      about:
        'Whether the inner server must prove with each answer that it is the one that the ticket is for: require; optional, not for errors; off, since TLS or the network proves it',
      choices: ['require', 'optional', 'off'],
      default: 'off',
    }),
    direct: flag({
      about:
        'With none: whether users may authenticate at the inner server themselves, with Basic or Bearer; its challenges then reach them',
      default: false,
    }),
    passwordInClear: flag({
      about:
        'With basic or direct: whether passwords may go to an inner server of http://, where everybody on the way reads them. Say so only for a server on this machine, or where the network itself is secret',
      default: false,
    }),
    userHeaders: flag({
      about:
        'Whether requests inside also say who the user is: X-S4U-User, and X-S4U-Groups with SIDs, and names too where kerberos.directory is on',
      default: false,
    }),
    passwordTime: duration({
      about: 'With basic: how long after its last use a typed password is kept, sealed, for the session of its user',
      default: 1_800_000,
    }),
  },
})
