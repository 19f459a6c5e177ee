/** Put in by the build and by the tests from package.json, so that starting reads no file for it. */
declare const VTB_SETUP_VERSION: string;

/** This program's version, such as `0.1.0`. */
export const version = VTB_SETUP_VERSION;
