import { Catch, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';
import { entryOf, isDenial, type AuditLog } from '@waybill/platform/audit';
import { AppConfig } from '@waybill/platform/config';
import { answerRouteMiss, isRouteMiss } from './route-miss';
import { problemCodeOf, sendProblem } from './send-problem';

/** The edge where errors become HTTP: for Nest's routes, and for what Express itself could not route. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(
    private readonly config: AppConfig,
    private readonly audit: Pick<AuditLog, 'record'>,
  ) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    this.answer(http.getRequest<Request>(), http.getResponse<Response>(), thrown);
  }

  /** The last handler of the application: nothing took the request. */
  readonly onMiss = (request: Request, response: Response): void => {
    const error = answerRouteMiss(request, response);
    if (error !== undefined) this.answer(request, response, error);
  };

  /** The last error handler of the application. Express knows one by its four parameters. */
  readonly onError = (thrown: unknown, request: Request, response: Response, _next: NextFunction): void =>
    this.answer(request, response, thrown);

  private answer(request: Request, response: Response, thrown: unknown): void {
    if (isRouteMiss(thrown, request)) {
      this.onMiss(request, response);
      return;
    }
    sendProblem(request, response, thrown, this.config.http.publicUrl);
    const code = problemCodeOf(response);
    if (code !== undefined && isDenial(request, code)) this.audit.record(entryOf(request, 'denied', code));
  }
}
