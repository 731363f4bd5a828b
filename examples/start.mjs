/** `npm start`: will run the demo on the embedded realm. Until there is one, it says what is missing. */
console.error('There is no demo yet: it needs @s4u/test-kdc to serve a realm and an example application to show.')
console.error('What can be run today: npm test')
process.exit(1)
