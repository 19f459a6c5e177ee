/** Inserted from package.json by the build and by the tests, so that the program reads no file for it at startup. */
declare const VTB_SETUP_VERSION: string;

/** This program's version, such as `0.1.0`. */
export const version = VTB_SETUP_VERSION;
