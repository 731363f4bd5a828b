import { DELEGATION } from './delegation-section.js'
import { FARM } from './farm-section.js'
import { choice, duration, file, flag, group, list, map, text, url } from '../options/option-kinds.js'
import { SIGN_IN } from './sign-in-section.js'

/** Rules of a site: the first that fits the path and method decides. */
const RULE = group({
  about:
    'Who may do what: of the rules that fit path and method, the first decides; a request that fits none needs a known user',
  fields: {
    paths: list({
      about: 'Beginnings of paths: /admin fits /admin and /admin/x',
      least: 1,
      of: text({
        about: 'A path',
        form: { pattern: /^\/[^?#*]*$/, called: 'the beginning of a path, such as /admin, without *' },
      }),
    }),
    methods: list({
      about: 'Methods; without it all',
      least: 1,
      of: text({
        about: 'A method',
        form: { pattern: /^[A-Z][A-Z-]*$/, called: 'a method in capitals' },
        example: 'GET',
      }),
    }),
    networks: list({
      about: 'Addresses or networks of clients; a client of another is refused',
      least: 1,
      of: text({ about: 'An address, or a network', example: '10.0.0.0/8' }),
    }),
    users: list({
      about: 'Users who may; principals',
      least: 1,
      of: text({ about: 'A principal', example: 'alice@AD.TEST' }),
    }),
    groups: list({
      about: 'Groups whose members may: SIDs, or names where kerberos.directory is on',
      least: 1,
      of: text({ about: 'A group', example: 'CORP\\Sales' }),
    }),
    allow: choice({
      about: 'users: who is listed, or every known user where nobody is; everybody: without signing in; nobody',
      choices: ['users', 'everybody', 'nobody'],
      default: 'users',
    }),
  },
})

/** What is published, and how. */
export const SITE = group({
  about: 'One inner web server, or a farm, under a public name',
  fields: {
    name: text({ about: 'What logs and metrics call it; without it the first host' }),
    hosts: list({
      about: 'Public names; *.example.com is every name one below',
      required: true,
      least: 1,
      of: text({ about: 'A host without a port', example: 'orders.example.com' }),
    }),
    paths: list({
      about: 'Beginnings of paths that belong to this site; the longest that fits decides. Without it /',
      of: text({ about: 'A path', form: { pattern: /^\/[^?#\s]*$/, called: 'a path that begins with /' } }),
    }),
    to: list({
      about: 'The inner server, or the members of a farm',
      required: true,
      least: 1,
      of: url({ about: 'Where it answers', example: 'https://orders.ad.test' }),
    }),
    host: choice({
      about: 'The header Host inside: inner, the name of the inner server; public, the name that the client used',
      choices: ['inner', 'public'],
      default: 'inner',
    }),
    signIn: list({
      about: 'Ways to sign in, in the order in which they are offered; without it those of the gateway',
      of: SIGN_IN,
    }),
    access: list({ about: 'Rules; the first that fits decides', of: RULE }),
    delegation: DELEGATION,
    farm: FARM,
    strictPaths: flag({
      about:
        'Whether paths that servers read in different ways (%2f, //, dot segments, ..;) are refused; always so where rules name paths',
      default: true,
    }),
    websocket: flag({ about: 'Whether WebSockets pass', default: true }),
    origins: list({
      about: 'Other origins whose pages may open WebSockets here',
      of: text({ about: 'An origin', example: 'https://app.example.com' }),
    }),
    rewriteLocation: flag({
      about: 'Whether redirects to the inner server become redirects to the public name',
      default: true,
    }),
    cookieDomain: text({
      about:
        'The attribute Domain that cookies of the inner server get in place of theirs; without it they lose theirs',
    }),
    answerTime: duration({ about: 'Until the inner server begins to answer', default: 60_000 }),
    idleTime: duration({
      about: 'Without an octet in either direction, WebSockets and streams of events included',
      default: 600_000,
    }),
    connections: group({
      about: 'Connections to each inner server',
      always: true,
      fields: {
        keep: choice({
          about:
            'shared: all users share them; user: each user has own ones; the inner server may ask for the latter at any time (Persistent-Auth)',
          choices: ['shared', 'user'],
          default: 'shared',
        }),
      },
    }),
    tls: group({
      about: 'TLS inside',
      fields: {
        ca: file({ about: 'Certificates of the authorities of the inner servers, PEM; without it those of Node' }),
      },
    }),
    headers: map({
      about: 'Headers that each request inside gets, in place of those of the client',
      of: text({ about: 'A value' }),
    }),
  },
})
