// @ts-check
import { negotiate } from '@s4u/express'
import express from 'express'

/**
 * Your app. In production it is given nothing but a keytab; a test gives it a KDC too.
 * @param {Parameters<typeof negotiate>[0]} options
 * @returns {import('express').Express}
 */
export function createApp(options) {
  const app = express()
  app.use(negotiate(options))
  app.get('/', (req, res) => void res.type('text').send(`Hello ${req.identity.name}`))
  return app
}
