// The worker in which a DOCX is taken apart.
import { readDocxText } from "./docx.ts";

self.onmessage = ({ data }: MessageEvent<ArrayBuffer>) => {
  try {
    self.postMessage({ text: readDocxText(new Uint8Array(data)) });
  } catch (error) {
    self.postMessage({ problem: String(error) });
  }
};
