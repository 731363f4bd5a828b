import { choice, group, list, text } from '../options/option-kinds.js'

/** Answers other proxies whether a request may pass, and as whom. */
export const FORWARD_AUTH = group({
  about:
    'Answers other proxies (nginx, Caddy, Traefik, HAProxy, Envoy) at PATH/authorize: may a request pass, and as whom',
  fields: {
    from: list({
      about: 'The proxies that may ask, and are believed; any other gets 403',
      required: true,
      least: 1,
      of: text({ about: 'An address, or a network', example: '127.0.0.1' }),
    }),
    convention: choice({
      about:
        'How they say what was asked for. original: X-Original-URL and X-Original-Method (nginx); forwarded: X-Forwarded-Method, -Proto, -Host, -Uri and -For (Caddy, Traefik, HAProxy); path: the path behind PATH/authorize, Host and X-Forwarded-Proto (Envoy)',
      choices: ['original', 'forwarded', 'path'],
      default: 'forwarded',
    }),
  },
})
