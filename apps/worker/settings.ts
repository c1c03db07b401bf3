import { configOrExit } from '@waybill/platform/config';

/** Imported before all else, so that bad settings are told at once, and nothing of the product is loaded with them. */
export const config = configOrExit(process.env);
