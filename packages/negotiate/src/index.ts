/** The framework-free middle: an Authorization header in, an outcome out. */
export {}
