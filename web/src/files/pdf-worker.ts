// The worker in which PDF.js takes a file apart, with a bound on what a stream of it unfolds to.
import "./bound-arrays.ts"; // before PDF.js runs
import "pdfjs-dist/build/pdf.worker.min.mjs";
