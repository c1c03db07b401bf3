export { judge, readGenerations, type Generations, type Verdict } from './generations';
export { buryObjects, holdWritten, publishObjects, registerObjects, withdrawObjects } from './object-sql';
export { ObjectRegistry, type DeadObject } from './object-registry';
export { ObjectsModule } from './objects.module';
export { StoreGenerations } from './store-generations';
export { SweepAlarms } from './sweep-alarms';
