/** A link on a sign-in page. */
export interface SignInLink {
  /** A path of this site: `/.s4u/oidc`. */
  readonly href: string
  /** The text in a language (`en`, `de`, `fr` …); `en` is always there. */
  readonly label: (language: string) => string
}
