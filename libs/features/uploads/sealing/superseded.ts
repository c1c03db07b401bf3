/** Why a sealing stopped that did nothing wrong: its upload was cancelled, or is another attempt's by now. */
export class Superseded extends Error {}
