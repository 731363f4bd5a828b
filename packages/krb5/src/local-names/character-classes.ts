/**
 * `[:alpha:]` and the other classes in the C locale: characters beyond ASCII are in none of them.
 */
export const CLASSES: Readonly<Record<string, RegExp>> = {
  alpha: /^[A-Za-z]$/,
  digit: /^\d$/,
  alnum: /^[A-Za-z\d]$/,
  upper: /^[A-Z]$/,
  lower: /^[a-z]$/,
  space: /^[ \t\n\r\f\v]$/,
  blank: /^[ \t]$/,
  punct: /^[!-/:-@[-`{-~]$/,
  xdigit: /^[A-Fa-f\d]$/,
  print: /^[\x20-\x7e]$/,
  graph: /^[\x21-\x7e]$/,
  cntrl: /^\p{Cc}$/u,
}

/** Classes that GNU's library, which MIT's uses on Linux, has in addition to POSIX. */
export const GNU_CLASSES: Readonly<Record<string, RegExp>> = {
  w: /^\w$/,
  W: /^\W$/u,
  s: /^[ \t\n\r\f\v]$/,
  S: /^[^ \t\n\r\f\v]$/u,
}
