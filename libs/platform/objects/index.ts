export { ObjectRegistry, type DeadObject } from './object-registry';
export { ObjectsModule } from './objects.module';
