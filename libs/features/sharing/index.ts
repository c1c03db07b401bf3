export { ShareSweeper } from './share-sweeper';
export { SharesModule, SharingModule } from './sharing.module';
