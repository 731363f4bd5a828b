import { choice, group, text } from '../options/option-kinds.js'

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
      example: 'http/orders.ad.test',
    }),
  },
})
