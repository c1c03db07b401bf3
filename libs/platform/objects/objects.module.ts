import { Global, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { StoredObject } from './object.entity';
import { ObjectRegistry } from './object-registry';

/** The rows behind the bytes of the object store. */
@Global()
@Module({
  imports: [TypeOrmModule.forFeature([StoredObject])],
  providers: [ObjectRegistry],
  exports: [ObjectRegistry],
})
export class ObjectsModule {}
