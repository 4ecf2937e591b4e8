// The worker in which PDF.js takes a file apart.
import "pdfjs-dist/build/pdf.worker.min.mjs";
