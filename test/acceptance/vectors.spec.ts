/**
 * The published vectors, run through the product's codec: encrypt byte-equal, decrypt, ranges by the listed segments
 * alone, everything invalid rejected. Their suite is the codec's own, so that the two cannot part; it stands here for
 * whoever runs the acceptance rows.
 */
import '../../libs/core/crypto/segment-vectors.spec';
