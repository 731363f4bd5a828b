import { choice, duration, flag, group, list, map, secret, text } from '../options/option-kinds.js'

/** Five seconds: a person has gone after some more. */
const TIME_LIMIT = 5_000
/** Half a minute: clocks of servers that ask a time server differ by less. */
const CLOCK_SKEW = 30_000

const ADDRESS = { pattern: /^https?:\/\/[^\s?#@]+$/, called: 'an address with https://, without query and fragment' }

/** Where an issuer of OpenID Connect is, and which account a user of it is. */
const ISSUER = {
  issuer: text({
    about: 'The issuer, as its documentation writes it',
    required: true,
    form: ADDRESS,
    example: 'https://login.example.com/realms/staff',
  }),
  claim: text({ about: 'The claim that names the account', required: true, example: 'upn' }),
  account: choice({
    about: 'What the claim has: a user principal name, one of which the user part is the account, or an account name',
    choices: ['userPrincipalName', 'userPart', 'samAccountName'],
    default: 'userPrincipalName',
  }),
  suffixes: list({
    about: 'The parts behind the @ that are accepted; userPart needs them',
    of: text({ about: 'A domain', example: 'example.com' }),
  }),
  timeLimit: duration({ about: 'For one question to the issuer, at most 60s', default: TIME_LIMIT }),
  clockSkew: duration({ about: "How far the issuer's clock may be ahead or behind, at most 5m", default: CLOCK_SKEW }),
  allowInsecure: flag({
    about: 'Whether the issuer may be asked without TLS, for tests on one machine',
    default: false,
  }),
}

export const OIDC = group({
  about: 'An OpenID provider such as Entra ID, Keycloak or ADFS, to whose page people are led',
  fields: {
    ...ISSUER,
    clientId: text({ about: 'The identifier of the gateway at the issuer', required: true }),
    clientSecret: secret({
      about: 'The secret of the gateway at the issuer: { env: NAME } or { file: PATH }; without it PKCE alone',
    }),
    redirectUri: text({
      about: 'Where the issuer sends people back, as it is registered there: /.s4u/oidc/callback of the public host',
      required: true,
      form: ADDRESS,
      example: 'https://orders.example.com/.s4u/oidc/callback',
    }),
    scope: text({ about: 'What is asked of the issuer', default: 'openid' }),
    userInfo: flag({ about: 'Whether claims of the UserInfo endpoint count too', default: false }),
    parameters: map({
      about: "More parameters for the issuer's page",
      of: text({ about: 'A value' }),
      example: { prompt: 'login' },
    }),
    afterSignOut: text({
      about: 'Where the issuer sends people after the sign-out here and there; without it the sign-out is one of here',
      form: ADDRESS,
    }),
    label: text({ about: "What the link is called on the page of another way; without it the issuer's host" }),
    name: text({
      about: 'The name in logs and in its paths (/.s4u/NAME), where there are several',
      default: 'oidc',
      form: { pattern: /^[a-z][a-z0-9-]{0,31}$/, called: 'small letters, digits and hyphens, at most 32' },
    }),
  },
})

export const BEARER = group({
  about: 'Access tokens (JWT) of an issuer, for programs',
  fields: {
    ...ISSUER,
    audience: list({
      about: 'The names of this API at the issuer, of which a token must have one',
      required: true,
      least: 1,
      of: text({ about: 'A name', example: 'api://orders' }),
    }),
    scope: list({
      about: 'What a token must permit, all of it',
      of: text({ about: 'A scope', example: 'orders.read' }),
    }),
    algorithms: list({
      about: 'Signatures that count; without it RS256, PS256, ES256 and EdDSA',
      of: choice({
        about: 'A signature',
        choices: ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'],
      }),
    }),
    type: choice({
      about: 'at+jwt: access tokens of RFC 9068; JWT: issuers that do not mark them, such as Entra ID',
      choices: ['at+jwt', 'JWT'],
      default: 'at+jwt',
    }),
  },
})
