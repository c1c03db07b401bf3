export { EMAIL_MAX_LENGTH, isEmailAddress } from '@waybill/platform/http';
