/**
 * The one S-box of Camellia from which the other three are made (RFC 3713 section 2.4.1, SBOX1), as
 * hexadecimal digits.
 */
const HEX = [
  '70822cecb327c0e5e4855735ea0cae4123ef6b934519a521ed0e4f4e1d6592bd',
  '86b8af8f7ceb1fce3e30dc5f5ec50b1aa6e139cad5475d3dd9015ad651566c4d',
  '8b0d9a66fbccb02d74122b20f0b18499df4ccbc2347e76056db7a931d11704d7',
  '14583a61de1b111c320f9c165318f222fe44cfb2c3b57a912408e8a860fc6950',
  'aad0a07da1896297545b1e95e0ff64d210c40048a3f775db8a03e6da093fdd94',
  '875c8302cd4a90337367f6f39d7fbfe2529bd826c837c63b81966f4b13be632e',
  'e979a78c9f6ebc8e29f5f9b62ffdb4597898066ae74671bad425ab4288a28dfa',
  '7207b955f8eeac0a36492a683c38f1a44028d37bbbc943c115e3adf477c7809e',
].join('')

export const SBOX1: Uint8Array = Uint8Array.from({ length: 256 }, (_, i) => parseInt(HEX.slice(2 * i, 2 * i + 2), 16))
