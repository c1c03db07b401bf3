import { AppConfig, ConfigError } from './app-config';

/** The settings of a process, or its end with exit code 1 after saying what is wrong with them. */
export function configOrExit(env: NodeJS.ProcessEnv): AppConfig {
  try {
    return new AppConfig(env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}
