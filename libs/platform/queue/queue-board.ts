import { Injectable } from '@nestjs/common';
import { createBullBoard } from '@bull-board/api';
import { BullAdapter } from '@bull-board/api/bullAdapter';
import type { AppViewRoute } from '@bull-board/api/typings/app';
import { ExpressAdapter } from '@bull-board/express';
import { QUEUES, type QueueName } from '@waybill/core/contracts';
import { AppError } from '@waybill/core/kernel';
import type { Express, NextFunction, Request, Response } from 'express';
import { JobQueue } from './job-queue';

const ABOUT: Record<QueueName, string> = {
  encryption: 'Seals uploads',
  notifications: 'Mails and webhooks',
  cleanup: 'Sets going what stands still, removes what is dead',
};

/**
 * What may be done besides looking. Jobs are hints, which rows ask for again, so that nothing is lost by any of it. Jobs
 * that no row asks for, other data than rows say, and queues without their settings would be something else.
 */
const ALLOWED: ReadonlySet<string> = new Set([
  '/api/queues/pause',
  '/api/queues/resume',
  '/api/queues/:queueName/pause',
  '/api/queues/:queueName/resume',
  '/api/queues/:queueName/promote',
  '/api/queues/:queueName/retry/:queueStatus',
  '/api/queues/:queueName/clean/:queueStatus',
  '/api/queues/:queueName/:jobId/promote',
  '/api/queues/:queueName/:jobId/retry',
  '/api/queues/:queueName/:jobId/clean',
]);

export interface QueueBoardOptions {
  /** The path of the board as a browser sees it. */
  path: string;
  /** Where one signs out. */
  signOut: string;
}

/** Bull's queues as a page: bull-board, with all that it shows from its own origin. Whoever serves it asks who comes. */
@Injectable()
export class QueueBoard {
  private board?: Express;

  constructor(private readonly jobs: JobQueue) {}

  /**
   * Answers a request whose address is the one within the board: `/`, `/static/…`, `/api/queues`.
   *
   * @throws AppError `DEPENDENCY_UNAVAILABLE`: Bull would wait for Redis without end.
   */
  async answer(
    within: string,
    request: Request,
    response: Response,
    options: QueueBoardOptions,
  ): Promise<void> {
    if (within.startsWith('/api/') && !this.connected) {
      throw new AppError('DEPENDENCY_UNAVAILABLE', 'Redis is not connected.', { retryAfterSeconds: 2 });
    }
    const board = (this.board ??= this.create(options));
    const { url } = request;
    request.url = within;
    const prototypes = [Object.getPrototypeOf(request), Object.getPrototypeOf(response)];
    await new Promise<void>((done, fail) => {
      const miss = (error?: unknown): void => {
        // Express makes a request its own; whoever tells of the failure knows it as it was.
        Object.setPrototypeOf(request, prototypes[0]);
        Object.setPrototypeOf(response, prototypes[1]);
        request.url = url;
        fail((error as Error | undefined) ?? AppError.notFound());
      };
      response.once('close', done);
      board(request, response, miss as NextFunction);
    });
  }

  private get connected(): boolean {
    return QUEUES.every((name) => this.jobs.queue(name).client.status === 'ready');
  }

  private create({ path, signOut }: QueueBoardOptions): Express {
    const serverAdapter = new OwnOriginAdapter();
    serverAdapter.setBasePath(path);
    createBullBoard({
      serverAdapter,
      queues: QUEUES.map(
        (name) =>
          new BullAdapter(this.jobs.queue(name), {
            description: ABOUT[name],
            readOnlyMode: name === 'cleanup', // It repeats by itself, and nothing waits in it.
          }),
      ),
      options: {
        uiConfig: {
          boardTitle: 'Waybill queues',
          boardLogo: { path: `${path}/static/images/logo.svg` },
          hideDocsLink: true,
          hideRedisDetails: true,
          favIcon: {
            default: `${path}/static/images/logo.svg`,
            alternative: `${path}/static/favicon-32x32.png`,
          },
          miscLinks: [{ text: 'Sign out', url: signOut }],
        },
        handlerHooks: {
          before: ({ method, route }) =>
            method === 'get' || ALLOWED.has(route) ? undefined : { allow: false, status: 403 },
        },
      },
    });
    return serverAdapter.getRouter() as Express;
  }
}

/** Gives the board's page without the web font that it would ask another site for, nor a `<base>` that policies forbid. */
class OwnOriginAdapter extends ExpressAdapter {
  constructor() {
    super();
    this.app.disable('x-powered-by').disable('etag');
  }

  override setEntryRoute({ method, route, handler }: AppViewRoute): this {
    this.app[method](route, (_request: Request, response: Response, next: NextFunction) => {
      const { name, params } = handler({ basePath: this.basePath, uiConfig: this.uiConfig });
      this.app.render(name, params, (error: Error | null, page: string) => {
        if (error) next(error);
        else response.type('html').send(withinOrigin(page, params.basePath!));
      });
    });
    return this;
  }
}

function withinOrigin(page: string, basePath: string): string {
  return page
    .replace(/<link[^>]+href="https?:[^>]*>/g, '')
    .replaceAll(/(href|src)="static\//g, `$1="${basePath}static/`);
}
