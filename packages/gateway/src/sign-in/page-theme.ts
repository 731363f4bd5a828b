import type { FormTheme } from '@s4u/sign-in'
import type { SignInSettings } from '../configuration/gateway-options.js'

type PageSettings = Pick<Extract<SignInSettings, { readonly name: 'form' }>['options'], 'title' | 'accent' | 'logo'>

/** Returns what the page of a way to sign in looks like. */
export function themeFrom({ title, accent, logo }: PageSettings): FormTheme {
  return {
    ...(title !== undefined && { name: title }),
    ...(accent !== undefined && { accent }),
    ...(logo !== undefined && { logo }),
  }
}

/** Returns what pages beside the form look like: the first way with a page says it. */
export function themeOfWays(ways: readonly SignInSettings[]): FormTheme {
  for (const way of ways) if (way.name === 'form' || way.name === 'passcode') return themeFrom(way.options)
  return {}
}
