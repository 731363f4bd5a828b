import type { TestProject } from 'vitest/node'
import { openControl } from './control.js'

declare module 'vitest' {
  export interface ProvidedContext {
    /** Where suite.ts asks for realms. */
    realmsControl: string
  }
}

/**
 * vitest's globalSetup for the suites that need real Kerberos servers. Nothing starts before a
 * suite asks for it.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const control = await openControl()
  project.provide('realmsControl', control.url)
  return () => control.close()
}
