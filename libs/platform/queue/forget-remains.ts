import type { Queue } from 'bull';

/**
 * KEYS: the job, then Bull's lists of jobs that wait, run and are paused, then its set of delayed ones. ARGV: the job's
 * id. Bull moves a job from one to the next in scripts of its own, so a job that it will come to is in one of them.
 */
const SCRIPT = `
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
local whole = redis.call('HEXISTS', KEYS[1], 'name') == 1
if whole and (redis.call('LPOS', KEYS[2], ARGV[1]) or redis.call('LPOS', KEYS[3], ARGV[1])
    or redis.call('LPOS', KEYS[4], ARGV[1]) or redis.call('ZSCORE', KEYS[5], ARGV[1])) then
  return 0
end
return redis.call('DEL', KEYS[1])`;

/**
 * Clears away what is left of a job that Bull will never come to, and because of which it would ignore a new one of the
 * same id. Such remains are made when Redis loses its data, or part of it: a worker that was handed a job just before
 * notes its end on a hash that is not there any more, and so makes one that is nothing but that note.
 */
export async function forgetRemains(queue: Queue, jobId: string): Promise<void> {
  const keys = [jobId, 'wait', 'active', 'paused', 'delayed'].map((name) => queue.toKey(name));
  await queue.client.eval(SCRIPT, keys.length, ...keys, jobId);
}
