// Small PDFs and DOCX files made by code, sound and hostile.
import { constants, deflateRawSync, deflateSync } from "node:zlib";
import { strToU8, zipSync } from "fflate";

/** A PDF of one font; each page has its lines, which are Latin. `extra` stands in its catalogue. */
export function makePdf(pages: readonly (readonly string[])[], extra = "", count = pages.length): Buffer {
  const kids = pages.map((_, i) => `${4 + 2 * i} 0 R`).join(" ");
  const objects = [
    `<< /Type /Catalog /Pages 2 0 R ${extra} >>`,
    `<< /Type /Pages /Count ${count} /Kids [${kids}] >>`,
    "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
  ];
  for (const [i, lines] of pages.entries()) {
    const shown = lines.map((line) => `(${line.replace(/[()\\]/g, "\\$&")}) Tj T*`).join("\n");
    const content = `BT /F1 12 Tf 14 TL 60 780 Td\n${shown}\nET`;
    objects.push(
      `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents ${5 + 2 * i} 0 R /Resources << /Font << /F1 3 0 R >> >> >>`,
      `<< /Length ${content.length} >>\nstream\n${content}\nendstream`,
    );
  }
  let text = "%PDF-1.4\n";
  const offsets = objects.map((object, i) => {
    const at = text.length;
    text += `${i + 1} 0 obj\n${object}\nendobj\n`;
    return `${String(at).padStart(10, "0")} 00000 n \n`;
  });
  const table = `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${offsets.join("")}`;
  const trailer = `trailer\n<< /Size ${objects.length + 1} /Root 1 0 R >>\nstartxref\n${text.length}\n%%EOF\n`;
  return Buffer.from(text + table + trailer, "latin1");
}

/** A PDF of one page whose content unfolds, twice, to so many times 16 MB of spaces. */
export function makePdfBomb(times: number): Buffer {
  const spaces = deflateRawSync(Buffer.alloc(1 << 24, " "), { finishFlush: constants.Z_FULL_FLUSH });
  const inner = Buffer.concat([Buffer.from([0x78, 0x9c]), ...Array.from({ length: times }, () => spaces)]);
  const content = deflateSync(inner).toString("latin1");
  const stream = `<< /Length ${content.length} /Filter [/FlateDecode /FlateDecode] >>\nstream\n${content}\nendstream`;
  const sound = makePdf([["x"]]).toString("latin1");
  // Its offsets are wrong now; readers look for the objects themselves.
  return Buffer.from(
    sound.replace(/<< \/Length \d+ >>\nstream[\s\S]*?endstream/, () => stream),
    "latin1",
  );
}

/** A DOCX of a body and of styles, in WordprocessingML. */
export function makeDocx(body: string, styles = ""): Buffer {
  const xml = (content: string) => strToU8(`<?xml version="1.0"?><w:document>${content}</w:document>`);
  return Buffer.from(zipSync({ "word/document.xml": xml(body), "word/styles.xml": xml(styles) }));
}
