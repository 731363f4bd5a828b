import { choice, duration, group, list, number, text, url } from '../options/option-kinds.js'

/** What holds where a site has several inner servers. */
export const FARM = group({
  about: 'What holds where a site has several inner servers',
  always: true,
  fields: {
    affinity: choice({
      about:
        'What keeps a user at one member: cookie, one that says which; address, that of the client; none, each request goes where least is under way',
      choices: ['none', 'cookie', 'address'],
      default: 'none',
    }),
    cookie: text({
      about: 'The name of the cookie that says which member serves a user',
      form: { pattern: /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, called: 'the name of a cookie' },
      default: 's4u-member',
    }),
    draining: list({
      about:
        'Members of `to` that get no new users; those whose cookie names one stay with it until their browser drops the cookie',
      of: url({ about: 'As `to` has it', example: 'https://orders1.ad.test' }),
    }),
    retryTime: duration({
      about: 'How long a member that could not be reached gets no requests, where there is another',
      default: 10_000,
    }),
    health: group({
      about: 'Asks each member at intervals whether it is well; without it a member is only left out once it fails',
      fields: {
        path: text({
          about: 'What is asked for, without credentials; any status below 500 is well, 401 too',
          form: { pattern: /^\/[^\s#]*$/, called: 'a path that begins with /' },
          default: '/',
        }),
        interval: duration({ about: 'Between two questions', default: 10_000 }),
        timeout: duration({ about: 'How long an answer may take', default: 5_000 }),
        fall: number({ about: 'So many failures in a row, and a member is down', least: 1, most: 100, default: 3 }),
        rise: number({ about: 'So many answers in a row, and it is up again', least: 1, most: 100, default: 2 }),
      },
    }),
  },
})
