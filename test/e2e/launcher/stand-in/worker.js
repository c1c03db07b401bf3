/** A worker as the launcher sees it. */
setInterval(() => {}, 60_000);
for (const event of ['SIGTERM', 'disconnect']) process.on(event, () => process.exit(0));
