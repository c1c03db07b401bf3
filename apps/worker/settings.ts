import { boundHeapGrowth } from '@waybill/core/kernel';
import { configOrExit } from '@waybill/platform/config';

// Before the rest is loaded: its last collection is the one that the first limit comes from.
boundHeapGrowth();

/** Imported before all else, so that bad settings are told at once, and nothing of the product is loaded with them. */
export const config = configOrExit(process.env);
