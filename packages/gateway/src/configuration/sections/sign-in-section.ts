import { BEARER, OIDC } from './issuer-sections.js'
import { NTLM } from './ntlm-section.js'
import { RADIUS } from './radius-section.js'
import { choice, code, duration, file, flag, group, list, text, variant } from '../options/option-kinds.js'

const QUARTER = 900_000

/** What the page of a form looks like, and how long sessions last. */
const PAGE = {
  title: text({ about: 'The name on the page', example: 'Example Ltd' }),
  accent: text({
    about: 'The colour of buttons',
    form: { pattern: /^#[0-9a-fA-F]{6}$/, called: 'a colour such as #7a1fa2' },
  }),
  logo: text({ about: 'A path of the site, or a data: URL of a picture' }),
  computer: choice({
    about: 'Whether the page asks who uses the computer, or is told',
    choices: ['ask', 'public', 'private'],
    default: 'ask',
  }),
  publicTime: duration({ about: 'How long a session on a public computer lasts', default: QUARTER }),
}

/** Ways to sign in, by name. */
export const SIGN_IN = variant({
  about: 'A way to sign in',
  variants: {
    negotiate: group({
      about: 'Kerberos, without a page: browsers and clients of the domain. It is always offered',
      fields: {},
    }),
    form: group({
      about: 'A page that asks for name and password',
      fields: {
        ...PAGE,
        changePassword: flag({ about: 'Whether a user whose password has expired may choose another', default: true }),
      },
    }),
    basic: group({
      about: 'Name and password with each request, for programs',
      fields: {
        realm: text({ about: 'What clients call the site when they ask', default: 'Sign in' }),
        cacheTime: duration({
          about: 'How long a password that was right is not checked again, at most 60s',
          default: 10_000,
        }),
        session: flag({ about: 'Whether a session begins', default: false }),
      },
    }),
    certificate: group({
      about: 'A TLS client certificate; listeners with TLS then ask for one',
      fields: {
        ca: file({ about: 'The authorities whose certificates people have, PEM', required: true }),
        mapping: choice({
          about:
            'Who says whose certificate it is: the KDC by its own rules (directory), the user principal name in the certificate, or altSecurityIdentities of the accounts, which needs kerberos.directory: true',
          choices: ['directory', 'upn', 'altSecurityIdentities'],
          default: 'directory',
        }),
        weakMappings: list({
          about: 'Mappings that also fit another certificate and are taken all the same',
          of: choice({ about: 'A weak mapping', choices: ['upn', 'issuerAndSubject', 'subject', 'rfc822'] }),
        }),
        revocation: choice({
          about: 'on: a certificate of which nobody says that it is good is refused; off: believed until it ends',
          choices: ['on', 'off'],
          default: 'on',
        }),
      },
    }),
    passcode: group({
      about: 'A page that asks for a one-time code',
      fields: {
        ...PAGE,
        radius: RADIUS,
        kerberos: flag({ about: 'Whether the KDC checks the code (RFC 6560)', default: false }),
        verify: code({ about: 'A function that checks the code' }),
        password: flag({ about: 'Whether the page asks for the password too', default: false }),
      },
    }),
    oidc: OIDC,
    bearer: BEARER,
    digest: group({
      about: 'Digest authentication (RFC 7616), for programs that still have it; in a program only',
      fields: {
        secretFor: code({ about: 'A function that returns the secret of a user', required: true }),
        userOf: code({ about: 'A function that returns the name whose hash a client has sent in its place' }),
        realm: text({ about: 'The name of the protected place, which is part of every hash', required: true }),
        algorithm: list({
          about: 'The algorithms that are offered, best first; without it SHA-256',
          of: choice({ about: 'An algorithm', choices: ['SHA-256', 'MD5'] }),
        }),
        nonceLifetime: duration({ about: 'How long a nonce is taken', default: 300_000 }),
      },
    }),
    ntlm: NTLM,
    trustedHeader: group({
      about: 'A front end that has authenticated the user already and says so in a header',
      fields: {
        from: list({
          about: 'The addresses and networks of the front ends that are believed',
          required: true,
          least: 1,
          of: text({ about: 'An address, or a network', example: '10.0.0.7' }),
        }),
        header: text({ about: 'The header with the name of the user', default: 'X-Remote-User' }),
      },
    }),
    source: group({
      about: 'A source of @s4u/sign-in that a program makes, or your own',
      fields: { source: code({ about: 'What form(), oidc() and others return', required: true }) },
    }),
  },
})
