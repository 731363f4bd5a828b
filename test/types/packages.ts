// Made from test/packages/layers.ts, see there.
import * as acceptor from '@s4u/acceptor'
import * as cli from '@s4u/cli'
import * as directory from '@s4u/directory'
import * as doctor from '@s4u/doctor'
import * as express from '@s4u/express'
import * as fastify from '@s4u/fastify'
import * as fetch from '@s4u/fetch'
import * as gateway from '@s4u/gateway'
import * as gssapi from '@s4u/gssapi'
import * as hono from '@s4u/hono'
import * as kdcClient from '@s4u/kdc-client'
import * as kerberos from '@s4u/kerberos'
import * as koa from '@s4u/koa'
import * as krb5 from '@s4u/krb5'
import * as negotiate from '@s4u/negotiate'
import * as nest from '@s4u/nest'
import * as ntlm from '@s4u/ntlm'
import * as passport from '@s4u/passport'
import * as redis from '@s4u/redis'
import * as sasl from '@s4u/sasl'
import * as signIn from '@s4u/sign-in'
import * as smb from '@s4u/smb'
import * as testKdc from '@s4u/test-kdc'

export const packages: object[] = [
  acceptor,
  cli,
  directory,
  doctor,
  express,
  fastify,
  fetch,
  gateway,
  gssapi,
  hono,
  kdcClient,
  kerberos,
  koa,
  krb5,
  negotiate,
  nest,
  ntlm,
  passport,
  redis,
  sasl,
  signIn,
  smb,
  testKdc,
]
