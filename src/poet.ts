// The embedded model: its name, and where its file lies in the package.

/** What `load` and every command take for it. A file or folder of this name is "./poet". */
export const POET = "poet";

/** A file: URL in Node; in a page an address that bundlers recognise, below which they put the file. */
export const poetUrl: URL = new URL("../../assets/poet.gguf", import.meta.url);
