/** An API as the launcher sees it: answers when ready, ends on SIGTERM and when its parent is gone. */
const { createServer } = require('node:http');

const server = createServer((request, response) => {
  response.statusCode = request.url === '/api/health/ready' ? 200 : 404;
  response.end(JSON.stringify({ pid: process.pid, ...pick(process.env) }));
});
server.listen(Number(process.env.PORT), '127.0.0.1');
console.log(JSON.stringify({ level: 30, msg: 'listening' }));
console.log(JSON.stringify({ level: 40, context: 'Test', msg: 'a warning' }));
console.log(JSON.stringify({ level: 30, context: 'FileMailer', msg: 'Mail for somebody' }));

process.on('disconnect', () => process.exit(0));
process.on('SIGTERM', () => {
  if (!process.env.HANGS) process.exit(0);
});

function pick({ DATABASE_URL, REDIS_URL, JWT_SECRET, LINK_SECRET, KEYRING_FILE, DATA_DIR }) {
  return { DATABASE_URL, REDIS_URL, JWT_SECRET, LINK_SECRET, KEYRING_FILE, DATA_DIR };
}
