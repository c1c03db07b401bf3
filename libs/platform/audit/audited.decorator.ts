import {
  applyDecorators,
  Injectable,
  UseInterceptors,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import type { Request } from 'express';
import { tap, type Observable } from 'rxjs';
import { AuditLog } from './audit-log';
import { entryOf } from './audited-request';

@Injectable()
class AuditedInterceptor implements NestInterceptor {
  constructor(private readonly audit: AuditLog) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const request = context.switchToHttp().getRequest<Request>();
    return next.handle().pipe(tap({ complete: () => this.audit.record(entryOf(request, 'allowed')) }));
  }
}

/** Puts on record who used a route; for what changes nothing, and so leaves no event, but shows what is others'. */
export const Audited = (): MethodDecorator & ClassDecorator =>
  applyDecorators(UseInterceptors(AuditedInterceptor));
