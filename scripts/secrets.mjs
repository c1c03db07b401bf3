import { requireNode } from './lib/node-version.mjs';

requireNode();

const HELP = `Usage: npm run secrets -- [options]

Writes the settings that production needs: random secrets and passwords into .env (mode 0600), and a keyring with its
first key. What only you can know is left empty and named; the start refuses until it is filled in.

  --output <file>     where to write the settings (.env)
  --keyring <folder>  where the keyring is, or is made: <folder>/keyring.json (secrets)
  --force             replace the settings that are there; their secrets are lost. A keyring is never replaced.
  --help              this text
`;

async function main() {
  const { parseArgs } = await import('node:util');
  const { Refusal, runMain } = await import('./lib/say.mjs');
  const { writeProductionSettings } = await import('./lib/production-settings.mjs');

  await runMain(async () => {
    const { help, output, keyring, force } = parseFlags();
    process.stdout.write(help ? HELP : writeProductionSettings({ output, keyring, force }));
    return 0;
  });

  function parseFlags() {
    try {
      return parseArgs({
        options: {
          output: { type: 'string', default: '.env' },
          keyring: { type: 'string', default: 'secrets' },
          force: { type: 'boolean', default: false },
          help: { type: 'boolean', default: false },
        },
      }).values;
    } catch (error) {
      throw new Refusal(`${/** @type {Error} */ (error).message}\n\n${HELP}`, { exitCode: 2 });
    }
  }
}

void main();
