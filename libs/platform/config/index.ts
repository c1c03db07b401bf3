export { AppConfig, ConfigError, type SignupPolicy } from './app-config';
export { ConfigModule } from './config.module';
