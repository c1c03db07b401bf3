const { once } = require('node:events');

/** Ends what global-setup.cjs started; what `npm test` started is its own to end. */
module.exports = async () => {
  const services = globalThis.__waybillTestServices;
  if (!services?.connected) return;
  const ended = once(services, 'exit');
  services.disconnect();
  await ended;
};
