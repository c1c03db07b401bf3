import {
  applyDecorators,
  Injectable,
  UseInterceptors,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
  type Type,
} from '@nestjs/common';
import { ApiOkResponse } from '@nestjs/swagger';
import { AppConfig } from '@waybill/platform/config';
import type { Request, Response } from 'express';
import { tap, type Observable } from 'rxjs';
import { nextLink } from './next-link';

/**
 * A route that answers one page of a list: what it returns has a `nextCursor`, and the `Link` header follows from it.
 *
 * @param page the class of the page.
 * @param description of what is answered.
 */
export function Paged(page: Type<{ nextCursor: string | null }>, description: string): MethodDecorator {
  return applyDecorators(
    UseInterceptors(NextPage),
    ApiOkResponse({
      type: page,
      description,
      headers: { Link: { schema: { type: 'string' }, description: 'The next page.' } },
    }),
  );
}

@Injectable()
class NextPage implements NestInterceptor<{ nextCursor: string | null }> {
  constructor(private readonly config: AppConfig) {}

  intercept(
    context: ExecutionContext,
    next: CallHandler<{ nextCursor: string | null }>,
  ): Observable<{ nextCursor: string | null }> {
    const http = context.switchToHttp();
    return next.handle().pipe(
      tap(({ nextCursor }) => {
        if (nextCursor === null) return;
        const { originalUrl } = http.getRequest<Request>();
        http
          .getResponse<Response>()
          .setHeader('Link', nextLink(originalUrl, this.config.http.publicUrl, nextCursor));
      }),
    );
  }
}
