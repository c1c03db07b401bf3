export { AppConfig, ConfigError, type SignupPolicy } from './app-config';
export { configOrExit } from './config-or-exit';
export { ConfigModule } from './config.module';
