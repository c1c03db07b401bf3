import { medians } from './rounds.mjs';

/**
 * What a row of the bench shows.
 * @typedef {{ name: string, value: number, unit: string, cpuPerGiB?: number, peakMiB?: number, note?: string,
 *   samples?: Record<string, number>[] }} Contestant
 * @typedef {{ name: string, value: number, unit: string, must: number, wanted?: number, atMost?: boolean }} Goal
 *   atMost: less is better
 * @typedef {{ title: string, contestants: Contestant[], goals: Goal[], bottleneck?: string,
 *   missing?: string[] }} Row
 *   missing: what could not be measured here, and why
 */

/**
 * @param {string} name @param {Record<string, number>[]} [samples] with `speed` @param {string} unit of `speed`
 * @returns {Contestant}
 */
export function contestant(name, samples = [], unit) {
  const { speed, cpuPerGiB, peakMiB } = medians(samples);
  return { name, value: speed, unit, cpuPerGiB, peakMiB, samples };
}

/**
 * How many times as fast, by the medians of the same rounds.
 * @param {string} name @param {Record<string, number>[]} [ours] @param {Record<string, number>[]} [theirs]
 * @param {{ must: number, wanted?: number }} limits @returns {Goal}
 */
export const ratio = (name, ours = [], theirs = [], limits) => ({
  name,
  value: medians(ours).speed / medians(theirs).speed,
  unit: '×',
  ...limits,
});

/** @param {Goal} goal @returns {'wanted' | 'must' | 'missed'} what was reached */
export function verdict({ value, must, wanted, atMost = false }) {
  const reaches = (/** @type {number} */ limit) => (atMost ? value <= limit : value >= limit);
  if (wanted !== undefined && reaches(wanted)) return 'wanted';
  return reaches(must) ? 'must' : 'missed';
}
