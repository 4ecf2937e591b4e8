// An answer that browsers save as a file.

/** What a file is called, and is. */
interface FileHead {
  readonly name: string;
  readonly type: string;
}

/** Its name may be anybody's: browsers are told what is plain in it, and the rest encoded (RFC 6266). */
export function attachmentHeaders({ name, type }: FileHead): Record<string, string> {
  const safe =
    name
      .replace(/[\p{Cc}\p{Surrogate}/\\]+/gu, " ")
      .trim()
      .slice(0, 120) || "file";
  const ascii = safe.replace(/[^\w .()-]+/g, "_");
  const encoded = encodeURIComponent(safe).replace(
    /['()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return {
    "content-type": `${type}; charset=utf-8`,
    "content-disposition": `attachment; filename="${ascii}"; filename*=UTF-8''${encoded}`,
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
  };
}

export const attachment = (text: string, head: FileHead): Response =>
  new Response(text, { headers: attachmentHeaders(head) });
