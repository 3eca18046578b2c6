/** Token ids of n texts, padded on the right to the longest. */
export interface Batch {
  inputIds: Int32Array; // (n × T)
  attentionMask: Uint8Array; // (n × T): 1 real, 0 padding
  tokenTypeIds?: Int32Array; // (n × T)
  shape: [number, number]; // [n, T]
  /** Where a prompt readout reads each text (n), from 0; goes before what the readout itself says (its mask, its `at`, the last token). */
  readAt?: Int32Array;
  /** How many texts were cut to fit, and how many of their tokens were dropped; absent where nothing can have been cut. */
  truncated?: { texts: number; tokens: number };
}
