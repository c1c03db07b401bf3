import type { FetchResponse, MaybeOptionalInit } from 'openapi-fetch';
import type { paths } from './schema';

type PathsWith<Method extends string> = {
  [Path in keyof paths]: paths[Path] extends Record<Method, object> ? Path : never;
}[keyof paths];

/** An argument that may be left out where nothing in it has to be said. */
type InitOf<Init> =
  object extends Exclude<Init, undefined>
    ? [(Init & Record<string, unknown>)?]
    : [Init & Record<string, unknown>];

type Success<Answer> = Extract<Answer, { data: unknown }>;

/** A method of openapi-fetch without its `error`: what is no success is thrown, and `data` is there. */
export type TypedFetch<Method extends 'get' | 'post' | 'patch' | 'delete'> = <
  Path extends PathsWith<Method>,
  Init extends MaybeOptionalInit<paths[Path], Method>,
>(
  path: Path,
  ...init: InitOf<Init>
) => Promise<Success<FetchResponse<NonNullable<paths[Path][Method]>, Init, `${string}/${string}`>>>;
