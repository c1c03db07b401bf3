/**
 * How the types of libs/client are made of openapi.json; where they go stands in redocly.yaml. What has a default may be
 * left out of a request.
 */
export const CLIENT_TYPES = ['openapi-typescript', '--default-non-nullable=false'];
