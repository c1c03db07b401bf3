import type { FormDoor, FormWriter } from './multipart-reception';

/** A door that leads nowhere: the form is read, within the limits of the real one, and nothing of it is stored. */
export function discardingDoor(
  limits: Pick<FormDoor, 'maxBytes' | 'idleMs'>,
): FormDoor<object, FormWriter, never> {
  return {
    ...limits,
    admit: async () => undefined,
    begin: async () => ({}),
    write: () => ({ write: () => true, abandon: async () => undefined }),
    finish: async () => undefined,
    fail: async () => undefined,
    stoppable: () => () => undefined,
  };
}
